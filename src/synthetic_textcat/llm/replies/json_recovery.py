"""JSON recovery: objects in a model's reply, repaired where broken. Nothing is evaluated."""

import json
import re
from collections.abc import Iterator, Set
from typing import Any, NamedTuple

from synthetic_textcat.llm.replies.work_budget import DEEPEST_NESTING, RecoveryBudget, depth_within

DEEPEST_VALUE = 20
"""Deepest nesting of a requested object; a deeper one does not count."""

DEEPEST_WRAPPING = 4
"""Layers around an object or a list that are taken off: lists of one, keys of their own, JSON strings."""

_MOST_STARTS = 2_000  # braces at which an object is looked for: thoughts may be full of them
_CHARACTERS_A_STEP = 20  # that the decoder goes through
_A_START = 20  # steps of a vain attempt; its error counts the lines before it
_TOO_DEEP = 40_000  # steps of one that is nested too deep: ten of them, and the reply is given up
_LINES_A_STEP = 2_000  # characters of such lines

_DECODER = json.JSONDecoder(strict=False)  # control characters within strings pass, and are kept
_STRING = re.compile(r'"(?:\\.|[^"\\])*("?)', re.DOTALL)
_THOUGHTS = re.compile(r"think|thought|reason|draft|scratch|analysis|critique", re.IGNORECASE)


class FoundObject(NamedTuple):
    """A JSON object in a text, and its span."""

    value: dict[str, Any]
    start: int
    end: int


def whole_value(text: str) -> Any:
    """The value of a text that is JSON from end to end; None where it is not."""
    return decoded(text.strip().removeprefix("\ufeff"))


def repaired_values(text: str, fields: Set[str], budget: RecoveryBudget) -> Iterator[Any]:
    """Values that the repair library reads in the text: from the last object that may have all fields on, and others.

    Of several objects it keeps the last one with the same keys, and lists others: it is given as few as possible.
    """
    end = text.rfind("}") + 1
    last_full = text.rfind("{", 0, max(0, min(text.rfind(field) for field in fields)))
    for start in dict.fromkeys((last_full, text.find("{"), text.rfind("{"))):
        value = budget.repaired(text[start:end]) if 0 <= start < end else None
        if value is not None:
            yield value


def unwrapped(value: Any, fields: Set[str]) -> dict[str, Any] | None:
    """The object without its wrapping: a list of one, a key of its own, or a JSON string; None if there is none.

    An object that is nested deeper than any requested one does not count.
    """
    for _ in range(DEEPEST_WRAPPING):
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
    return value if isinstance(value, dict) and depth_within(value, DEEPEST_VALUE) else None


def objects_with(value: Any, fields: Set[str], budget: RecoveryBudget) -> list[dict[str, Any]]:
    """Objects with all of these fields, anywhere in a value: drafts and thoughts by their key first, then the others.

    Such an object is not searched further.
    """
    if not depth_within(value, DEEPEST_VALUE):
        return []
    found: list[tuple[bool, dict[str, Any]]] = []

    def search(part: Any, is_draft: bool) -> None:
        budget.spend(1)
        if isinstance(part, str) and part.lstrip()[:1] in {"{", "["} and all(field in part for field in fields):
            budget.spend(1 + 2 * len(part) // _CHARACTERS_A_STEP)
            part = decoded(part)
            part = part if depth_within(part, DEEPEST_VALUE) and not isinstance(part, str) else None
        if isinstance(part, dict):
            if fields <= part.keys():
                found.append((is_draft, part))
                return
            for key, inner in part.items():
                search(inner, is_draft or _THOUGHTS.search(key) is not None)
        elif isinstance(part, list):
            for inner in part:
                search(inner, is_draft)

    search(value, is_draft=False)
    return [part for _, part in sorted(found, key=lambda each: not each[0])]


def decoded(text: str) -> Any:
    """The value of a text that is JSON; None where it is none, or nested too deep."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if _is_shallow(text) or depth_within(value, DEEPEST_NESTING) else None


def decoded_from(text: str, position: int, budget: RecoveryBudget) -> tuple[Any, int]:
    """The JSON value that begins here and where it ends; its end is its start where there is none."""
    try:
        value, end = _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        reached = len(text) if error.msg.startswith("Unterminated") else error.pos
        budget.spend(_A_START + len(text) // _LINES_A_STEP + (reached - position) // _CHARACTERS_A_STEP)
        return None, position
    except ValueError:  # a number of thousands of digits
        budget.spend(_A_START + (len(text) - position) // _CHARACTERS_A_STEP)
        return None, position
    except RecursionError:
        budget.spend(_TOO_DEEP)
        return None, position
    budget.spend(1 + 2 * (end - position) // _CHARACTERS_A_STEP)  # it is gone through once more
    if depth_within(value, DEEPEST_NESTING):
        return value, end
    budget.spend(_TOO_DEEP)
    return None, position


def objects_in(text: str, budget: RecoveryBudget, start: int = 0) -> Iterator[FoundObject]:
    """Whole objects that begin at some brace: after thoughts, in a fence, before a remark."""
    position = text.find("{", start)
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        value, end = decoded_from(text, position, budget)
        if end > position:
            yield FoundObject(value, position, end)
        position = text.find("{", max(end, position + 1))


def is_closed(text: str) -> bool:
    """Whether as many brackets close as open, outside of strings: a torn reply leaves some open."""
    # a quote that opens no string is matched too: else the search for its end would begin again at each later one
    signs = _STRING.sub(lambda string: "" if string[1] else string[0], text)
    return signs.count("{") == signs.count("}") and signs.count("[") == signs.count("]")


def _is_shallow(text: str) -> bool:
    """Whether the text has too few brackets to be nested too deep; a faster check than that of its value."""
    return text.count("[") + text.count("{") <= DEEPEST_NESTING
