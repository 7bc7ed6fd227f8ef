"""The braces of a template's text: each pair holds one plain name, and braces that are text are doubled.

Python's format strings allow more: `{num_words:d}`, `{task!r}`, `{task.upper}`, `{labels[0]}`. A template needs none of
it, and a value that does not suit would end the run in the middle.
"""

import re
from typing import NamedTuple

FILE = "file"
"""The key of a template's metadata that holds the path of its file, for errors."""

DOUBLE = "write {{ and }} for braces that are text"
"""The mend for JSON and the like."""

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")
_NAME_AND_MORE = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*(?:[:!.\[].*)?", re.DOTALL)
_LONGEST = 40


class BraceFault(NamedTuple):
    """What can't be filled.

    Attributes:
        position: Where it stands in the text.
        problem: What it is, and what to write.
    """

    position: int
    problem: str


def brace_fault(text: str) -> BraceFault | None:
    """The first brace or placeholder of a template's text that is none of a plain name; None if all are."""
    for token in _TOKEN.finditer(text):
        problem = _problem(token)
        if problem is not None:
            return BraceFault(token.start(), problem)
    return None


def _problem(token: re.Match[str]) -> str | None:
    name = token["name"]
    if name is None:
        return None if len(token[0]) > 1 else f"a single {token[0]}. Next: {DOUBLE}"
    if name.isidentifier():
        return None
    plain = _NAME_AND_MORE.fullmatch(name)
    shown = " ".join(token[0].split())
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ...}}"
    if plain is None:
        return f"{shown}, which is no placeholder. Next: {DOUBLE}"
    return f"{shown}, where a placeholder is a name alone. Next: write {{{plain['name']}}}, or {DOUBLE}"
