"""Answers a judge's question: the label whose flavour words a text of this server holds."""

import re
from typing import Any

from . import texts

_FIELD = "verdict"
_SECOND = "also_fits"
_NONE, _BOTH = "none of these", "both"
_ITEM = re.compile(r"^- ([^:\n]+)", re.MULTILINE)
_QUOTED_LINE = re.compile(r'^".*"$', re.MULTILINE)


def are_asked_for(prompt: str, schema: dict[str, Any]) -> bool:
    """Whether the reply is to be a verdict: by the schema, or without one by the fields that the prompt lists."""
    return _FIELD in (schema.get("properties", {}) if schema else _ITEM.findall(prompt))


def fields(prompt: str, schema: dict[str, Any]) -> dict[str, str]:
    """The verdict: a function of the text and the set of options, not of their order.

    A text of one clause may have a word that two labels share: then the first in the alphabet gets it, so that this
    judge is wrong at times. A text without any such word fits none.
    """
    properties = schema.get("properties", {})
    quoted = _QUOTED_LINE.search(prompt)
    start = quoted.start() if quoted else len(prompt)
    options = properties[_FIELD].get("enum", []) if schema else _ITEM.findall(prompt[:start])
    labels = tuple(sorted(str(option) for option in options if option not in (_NONE, _BOTH)))
    words = texts.words_of(quoted.group() if quoted else prompt)
    counts = {label: sum(map(words.count, texts.flavours(label, labels))) for label in labels}
    best = max(counts, key=counts.__getitem__, default=_NONE)
    verdict = {_FIELD: best if counts.get(best) else _NONE}
    return verdict if _BOTH in options else {**verdict, _SECOND: _NONE}
