"""Finds the planned labels of a row in its request."""

import json
import re
from typing import Any, NamedTuple

_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.){1,80}"')
_KEYS = frozenset(("input_text", "label", "misleading_label"))
_INVENTED = ("label-a", "label-b", "label-c", "label-d")


class Labels(NamedTuple):
    """A row's labels, and all that its text must not contain."""

    label: str
    misleading_label: str
    allowed: tuple[str, ...]


def _allowed(schema: dict[str, Any]) -> tuple[str, ...]:
    """The label set in the schema, also behind a reference; empty if the set is open."""
    label = schema.get("properties", {}).get("label", {})
    if "$ref" in label:
        label = schema.get("$defs", {}).get(label["$ref"].rsplit("/", 1)[-1], {})
    return tuple(map(str, label.get("enum", ())))


def _fixed(schema: dict[str, Any]) -> tuple[str, str] | None:
    """The two labels of a schema that allows no others."""
    fields = [schema.get("properties", {}).get(name, {}) for name in ("label", "misleading_label")]
    label, other = (field.get("const") for field in fields)
    return None if label is None or other is None else (str(label), str(other))


def _position(prompt: str, label: str) -> int:
    """Where the label stands in quotes, written as it is or escaped to ASCII; past the end if nowhere."""
    found = (prompt.find(json.dumps(label, ensure_ascii=False)), prompt.find(json.dumps(label)))
    return min((position for position in found if position >= 0), default=len(prompt))


def _in_order(prompt: str, allowed: tuple[str, ...]) -> list[str]:
    """The label set, those that the prompt quotes first; the others stay in their order."""
    return sorted(allowed, key=lambda label: _position(prompt, label))


def _quoted(prompt: str) -> list[str]:
    """The different strings in quotes, names of the reply's own fields aside."""
    texts: dict[str, None] = {}
    for match in _QUOTED.finditer(prompt):
        try:
            text = json.loads(match.group())
        except ValueError:
            continue
        if text not in _KEYS:
            texts[text] = None
    return list(texts)


def find(prompt: str, schema: dict[str, Any], text_digest: bytes) -> Labels:
    """Find the planned label and misleading label of a row.

    Args:
        prompt: The text in which planned labels stand in quotes.
        schema: The reply's JSON Schema, with or without a closed label set, or empty.
        text_digest: What invented labels are picked by.
    """
    if (fixed := _fixed(schema)) is not None:
        return Labels(*fixed, fixed)
    allowed = _allowed(schema)
    if len(allowed) > 1:
        label, other = _in_order(prompt, allowed)[:2]
        return Labels(label, other, allowed)
    quoted = [] if schema else _quoted(prompt)
    if len(quoted) < 2:
        turn = text_digest[0] % len(_INVENTED)
        quoted = [_INVENTED[turn], _INVENTED[turn - 1]] if schema else list(_INVENTED)
    return Labels(quoted[0], quoted[1], (quoted[0], quoted[1]))


def proposed(text_digest: bytes) -> list[dict[str, str]]:
    """Propose a label set: two to four of the invented labels, each with a description."""
    number = 2 + text_digest[2] % (len(_INVENTED) - 1)
    return [{"name": name, "description": f"What is of kind {name[-1]}."} for name in _INVENTED[:number]]
