"""Lists and objects written as JSON, or nearly so. Nothing is evaluated."""

import json
import re
from collections.abc import Iterator
from typing import Any

from synthetic_textcat.llm.nesting import DEEPEST_NESTING, depth_within
from synthetic_textcat.llm.recovery import Recovery

_MOST_STARTS = 2_000  # braces at which an object is looked for: thoughts may be full of them
_CHARACTERS_A_STEP = 20  # that the decoder goes through
_A_START = 20  # steps of a vain attempt; its error counts the lines before it
_TOO_DEEP = 40_000  # steps of one that is nested too deep: ten of them, and the reply is given up
_LINES_A_STEP = 2_000  # characters of such lines

_DECODER = json.JSONDecoder(strict=False)  # control characters within strings pass, and are kept
_STRING = re.compile(r'"(?:\\.|[^"\\])*("?)', re.DOTALL)
_BRACKETED = re.compile(r"\s*(?:\[.*\]|\{.*\})\s*", re.DOTALL)
_QUOTED_INSIDE = re.compile(r"""\s*[\[{]\s*[\[{"'\u201c\u2018]""")


def decoded(text: str) -> Any:
    """The value of a text that is JSON; None where it is none, or nested too deep."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if _is_shallow(text) or depth_within(value, DEEPEST_NESTING) else None


def decoded_from(text: str, position: int, recovery: Recovery) -> tuple[Any, int]:
    """The JSON value that begins here and where it ends; its end is its start where there is none."""
    try:
        value, end = _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        reached = len(text) if error.msg.startswith("Unterminated") else error.pos
        recovery.spend(_A_START + len(text) // _LINES_A_STEP + (reached - position) // _CHARACTERS_A_STEP)
        return None, position
    except ValueError:  # a number of thousands of digits
        recovery.spend(_A_START + (len(text) - position) // _CHARACTERS_A_STEP)
        return None, position
    except RecursionError:
        recovery.spend(_TOO_DEEP)
        return None, position
    recovery.spend(1 + 2 * (end - position) // _CHARACTERS_A_STEP)  # it is gone through once more
    if depth_within(value, DEEPEST_NESTING):
        return value, end
    recovery.spend(_TOO_DEEP)
    return None, position


def objects_in(text: str, recovery: Recovery) -> Iterator[dict[str, Any]]:
    """Whole objects that begin at some brace: after thoughts, in a fence, before a remark."""
    position = text.find("{")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        value, end = decoded_from(text, position, recovery)
        if end > position:
            yield value
        position = text.find("{", max(end, position + 1))


def literal(text: str, recovery: Recovery) -> list[Any] | dict[str, Any] | None:
    """The list or object that a text in brackets is, with quotes of any kind; None for any other text."""
    if not _BRACKETED.fullmatch(text):
        return None
    value = decoded(text)
    if value is None and _QUOTED_INSIDE.match(text):
        value = recovery.repaired(text)
    return value if isinstance(value, list | dict) else None


def is_closed(text: str) -> bool:
    """Whether as many brackets close as open, outside of strings: a torn reply leaves some open."""
    # a quote that opens no string is matched too, lest the search for its end begins again at each one behind it
    signs = _STRING.sub(lambda string: "" if string[1] else string[0], text)
    return signs.count("{") == signs.count("}") and signs.count("[") == signs.count("]")


def _is_shallow(text: str) -> bool:
    """Whether the text has too few brackets for anything in it to be nested too deep; sooner told than by its value."""
    return text.count("[") + text.count("{") <= DEEPEST_NESTING
