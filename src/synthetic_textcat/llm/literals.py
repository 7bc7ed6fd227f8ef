"""Lists and objects written as JSON, or nearly so. Nothing is evaluated."""

import json
import re
from typing import Any

DECODER = json.JSONDecoder(strict=False)  # control characters within strings pass, and are kept
_STRING = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
_BRACKETED = re.compile(r"\s*(?:\[.*\]|\{.*\})\s*", re.DOTALL)
_QUOTED_INSIDE = re.compile(r"""\s*[\[{]\s*[\[{"'\u201c\u2018]""")


def decoded(text: str) -> Any:
    """The value of a text that is JSON; None where it is none, or nested beyond measure."""
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def repaired(text: str) -> Any:
    """What the repair library makes of the text; None where it gives up."""
    import json_repair  # few replies need it

    try:
        return json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError):
        return None


def literal(text: str) -> list[Any] | dict[str, Any] | None:
    """The list or object that a text in brackets is, with quotes of any kind; None for any other text."""
    if not _BRACKETED.fullmatch(text):
        return None
    value = decoded(text)
    if value is None and _QUOTED_INSIDE.match(text):
        value = repaired(text)
    return value if isinstance(value, list | dict) else None


def is_closed(text: str) -> bool:
    """Whether as many brackets close as open, outside of strings: a torn reply leaves some open."""
    signs = _STRING.sub("", text)
    return signs.count("{") == signs.count("}") and signs.count("[") == signs.count("]")
