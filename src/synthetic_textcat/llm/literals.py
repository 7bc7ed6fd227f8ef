"""Lists and objects written as JSON, or nearly so. Nothing is evaluated."""

import json
import re
from collections.abc import Iterator
from typing import Any

_LONGEST_REPAIR, _MOST_BRACKETS = 30_000, 500
"""What is handed to the repair library, whose time grows with the square: so many characters and opening brackets."""
_MOST_STARTS = 50
DECODER = json.JSONDecoder(strict=False)  # control characters within strings pass, and are kept
_STRING = re.compile(r'"(?:\\.|[^"\\])*("?)', re.DOTALL)
_BRACKETED = re.compile(r"\s*(?:\[.*\]|\{.*\})\s*", re.DOTALL)
_QUOTED_INSIDE = re.compile(r"""\s*[\[{]\s*[\[{"'\u201c\u2018]""")


def decoded(text: str) -> Any:
    """The value of a text that is JSON; None where it is none, or nested beyond measure."""
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def repaired(text: str) -> Any:
    """What the repair library makes of the text; None where it gives up, or would take seconds."""
    if len(text) > _LONGEST_REPAIR or text.count("{") + text.count("[") > _MOST_BRACKETS:
        return None
    import json_repair  # few replies need it

    try:
        return json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError):
        return None


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """Whole objects that begin at some brace: after thoughts, in a fence, before a remark."""
    position = text.find("{")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        try:
            value, end = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            yield value
        position = text.find("{", end)


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
    # a quote that opens no string is matched too, lest the search for its end begins again at each one behind it
    signs = _STRING.sub(lambda string: "" if string[1] else string[0], text)
    return signs.count("{") == signs.count("}") and signs.count("[") == signs.count("]")
