"""Replies about texts with several labels: rows with the planned set, and verdicts on each label by yes or no."""

import json
import re
from typing import Any

from . import texts

_LIST = re.compile(r'\[(?:"(?:[^"\\\n]|\\.)*"(?:, ?"(?:[^"\\\n]|\\.)*")*)?\]')
_NAMED = re.compile(r'"(?:[^"\\\n]|\\.)+"')
_FIELD = re.compile(r"^- (\w+):", re.MULTILINE)
_QUOTED_LINE = re.compile(r'^".*"$', re.MULTILINE)
_ROW, _VERDICT = frozenset(("input_text", "labels", "misleading_label")), "answers"


def are_asked_for(prompt: str, schema: dict[str, Any]) -> bool:
    """Whether the reply is a row with a list of labels: by the schema, or without one by the fields in the prompt."""
    return {*(schema.get("properties", {}) if schema else _FIELD.findall(prompt))} >= _ROW


def fields(prompt: str, schema: dict[str, Any], text_digest: bytes) -> dict[str, Any]:
    """A row with the planned labels: the last list of labels in the prompt, and the next other label in quotes.

    Args:
        prompt: Names the planned labels as a JSON list, and the misleading label in quotes.
        schema: The reply's JSON Schema, or empty: then any list counts.
        text_digest: The text is a function of this and of the labels.
    """
    properties = schema.get("properties", {})
    other = properties.get("misleading_label", {})
    allowed = tuple(other.get("enum", ()))
    planned, rest = _last_list(prompt, allowed)
    named = [json.loads(found) for found in _NAMED.findall(rest)]
    outside = [label for label in (*named, *allowed) if label not in planned and label in (allowed or named)]
    misleading = other.get("const") or next(iter(outside), "label-a")
    text = texts.input_text(planned, allowed or (*planned, misleading), text_digest, prompt)
    return {"input_text": text, "labels": list(planned), "misleading_label": misleading}


def _last_list(prompt: str, allowed: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The last list of labels in the prompt, and what follows it."""
    lists = [(json.loads(found.group()), prompt[found.end() :]) for found in _LIST.finditer(prompt)]
    known = [(own, rest) for own, rest in lists if not allowed or {*own} <= {*allowed}]
    own, rest = known[-1] if known else ([], "")
    return tuple(own), rest


def are_judged(schema: dict[str, Any]) -> bool:
    """Whether the reply is a list of answers by label."""
    return _VERDICT in schema.get("properties", {})


def verdict(prompt: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Yes for each label with a flavour word in the text that no other label has; so this judge is wrong at times."""
    options = tuple(schema["properties"][_VERDICT]["items"]["properties"]["label"]["enum"])
    quoted = _QUOTED_LINE.search(prompt)
    words = {*texts.words_of(quoted.group() if quoted else prompt)}
    of_label = {label: {*texts.flavours(label, tuple(sorted(options)))} for label in options}
    answers = []
    for label in options:
        shared = set[str]().union(*(own for other, own in of_label.items() if other != label))
        answers.append({"label": label, "fits": "yes" if words & (of_label[label] - shared) else "no"})
    return {_VERDICT: answers}
