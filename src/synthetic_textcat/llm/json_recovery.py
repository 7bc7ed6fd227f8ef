"""JSON recovery: objects and literals in a model's reply, repaired if broken. Nothing is evaluated."""

import json
import re
from collections.abc import Iterator, Set
from typing import Any

from synthetic_textcat.llm.recovery import DEEPEST_NESTING, Recovery, depth_within

_DEEPEST_WRAPPING = 4
_DEEPEST_NESTING = 20
_MOST_STARTS = 2_000  # braces tried as the start of an object: reasoning may be full of them
_CHARACTERS_A_STEP = 20  # characters that the decoder reads in one step
_A_START = 20  # steps of a failed attempt; its error counts the lines before it
_TOO_DEEP = 40_000  # steps of a value that is nested too deep: after ten of them the reply is given up
_LINES_A_STEP = 2_000  # characters whose lines an error counts in one step

_DECODER = json.JSONDecoder(strict=False)  # accepts control characters within strings, and keeps them
_STRING = re.compile(r'"(?:\\.|[^"\\])*("?)', re.DOTALL)
_BRACKETED = re.compile(r"\s*(?:\[.*\]|\{.*\})\s*", re.DOTALL)
_QUOTED_INSIDE = re.compile(r"""\s*[\[{]\s*[\[{"'\u201c\u2018]""")


def json_values(text: str, fields: Set[str], repair: bool, recovery: Recovery) -> Iterator[dict[str, Any]]:
    """Objects found in the text, most likely first: the whole text, then embedded in prose or fences, then repaired.

    Args:
        text: The reply.
        fields: Field names; the wanted object has at least one of them, its wrappers have none.
        repair: Whether broken JSON may be repaired; not in a truncated reply, whose rest would be invented.
        recovery: Counts the work.

    Raises:
        WorkLimitError: If the work exceeds its budget.
    """
    for value in _candidates(text, repair, recovery):
        found = unwrapped(value, fields)
        if found is not None:
            yield found


def whole_value(text: str) -> Any:
    """The value of a text that is entirely JSON, else None."""
    return decoded(text.strip().removeprefix("\ufeff"))


def _candidates(text: str, repair: bool, recovery: Recovery) -> Iterator[Any]:
    whole = whole_value(text)
    if whole is not None:
        yield whole
        return
    yield from objects_in(text, recovery)
    if repair:
        yield from _repaired(text, recovery)


def _repaired(text: str, recovery: Recovery) -> Iterator[Any]:
    """Values by the repair library, from the first and from the last opening brace."""
    end = text.rfind("}") + 1
    for start in dict.fromkeys((text.find("{"), text.rfind("{"))):
        value = recovery.repaired(text[start:end]) if 0 <= start < end else None
        if value is not None:
            yield value


def unwrapped(value: Any, fields: Set[str]) -> dict[str, Any] | None:
    """The object inside its wrappers (a list of one, a single key, a JSON string); None if there is none.

    Objects nested deeper than any schema here do not count.
    """
    for _ in range(_DEEPEST_WRAPPING):
        if isinstance(value, dict) and (len(value) != 1 or fields & value.keys()):
            break
        if isinstance(value, dict):
            value = next(iter(value.values()))
        elif isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, str):
            value = decoded(value)
        else:
            break
    return value if isinstance(value, dict) and depth_within(value, _DEEPEST_NESTING) else None


def decoded(text: str) -> Any:
    """The value of a JSON text; None for other text, or if it is nested too deep."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if _is_shallow(text) or depth_within(value, DEEPEST_NESTING) else None


def decoded_from(text: str, position: int, recovery: Recovery) -> tuple[Any, int]:
    """The JSON value that begins at a position, and its end; the position itself if there is no value."""
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
    recovery.spend(1 + 2 * (end - position) // _CHARACTERS_A_STEP)  # depth_within reads it once more
    if depth_within(value, DEEPEST_NESTING):
        return value, end
    recovery.spend(_TOO_DEEP)
    return None, position


def objects_in(text: str, recovery: Recovery) -> Iterator[dict[str, Any]]:
    """Complete objects that begin at any brace: after reasoning, in a fence, before a remark."""
    position = text.find("{")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        value, end = decoded_from(text, position, recovery)
        if end > position:
            yield value
        position = text.find("{", max(end, position + 1))


def literal(text: str, recovery: Recovery) -> list[Any] | dict[str, Any] | None:
    """The list or object of a bracketed text, with quotes of any kind; None for other text."""
    if not _BRACKETED.fullmatch(text):
        return None
    value = decoded(text)
    if value is None and _QUOTED_INSIDE.match(text):
        value = recovery.repaired(text)
    return value if isinstance(value, list | dict) else None


def is_closed(text: str) -> bool:
    """Whether all brackets outside of strings are closed: a truncated reply leaves some open."""
    # matches a quote that opens no string too: else the search for its end would restart at each later quote
    signs = _STRING.sub(lambda string: "" if string[1] else string[0], text)
    return signs.count("{") == signs.count("}") and signs.count("[") == signs.count("]")


def _is_shallow(text: str) -> bool:
    """Whether the text has too few brackets to be nested too deep; faster than a check of its value."""
    return text.count("[") + text.count("{") <= DEEPEST_NESTING
