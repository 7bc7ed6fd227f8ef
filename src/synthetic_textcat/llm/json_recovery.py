"""JSON recovery: objects in a model's reply, repaired where broken. Nothing is evaluated."""

import json
import re
from collections.abc import Iterator, Set
from typing import Any

from synthetic_textcat.llm.work_budget import DEEPEST_NESTING, RecoveryBudget, depth_within

_DEEPEST_WRAPPING = 4
_DEEPEST_NESTING = 20
_MOST_STARTS = 2_000  # braces at which an object is looked for: thoughts may be full of them
_CHARACTERS_A_STEP = 20  # that the decoder goes through
_A_START = 20  # steps of a vain attempt; its error counts the lines before it
_TOO_DEEP = 40_000  # steps of one that is nested too deep: ten of them, and the reply is given up
_LINES_A_STEP = 2_000  # characters of such lines

_DECODER = json.JSONDecoder(strict=False)  # control characters within strings pass, and are kept
_END_OF_THOUGHTS = re.compile(r"</(?:think|thinking|thought|thoughts|reasoning)>", re.IGNORECASE)
_STRING = re.compile(r'"(?:\\.|[^"\\])*("?)', re.DOTALL)


def json_values(text: str, fields: Set[str], repair: bool, budget: RecoveryBudget) -> Iterator[dict[str, Any]]:
    """Objects found in the text, the likeliest first: whole, then embedded in prose or fences, then repaired.

    Args:
        text: The reply.
        fields: Names of which the wanted object has at least one; what wraps it has none.
        repair: Whether broken JSON may be repaired; not for a reply that was cut, whose rest would be made up.
        budget: Counts the work.

    Raises:
        WorkLimitError: If it is too much.
    """
    for value in _candidates(text, repair, budget):
        found = unwrapped(value, fields)
        if found is not None:
            yield found


def whole_value(text: str) -> Any:
    """The value of a text that is JSON from end to end; None where it is not."""
    return decoded(text.strip().removeprefix("\ufeff"))


def without_thoughts(text: str) -> str:
    """The text behind the last end of a model's thoughts; drafts within them are no answer."""
    ends = list(_END_OF_THOUGHTS.finditer(text))
    return text[ends[-1].end() :] if ends else text


def _candidates(text: str, repair: bool, budget: RecoveryBudget) -> Iterator[Any]:
    whole = whole_value(text)
    if whole is not None:
        yield whole
        return
    text = without_thoughts(text)
    yield from objects_in(text, budget)
    if repair:
        yield from _repaired(text, budget)


def _repaired(text: str, budget: RecoveryBudget) -> Iterator[Any]:
    """Values that the repair library reads in the text from its first, and from its last, opening brace on."""
    end = text.rfind("}") + 1
    for start in dict.fromkeys((text.find("{"), text.rfind("{"))):
        value = budget.repaired(text[start:end]) if 0 <= start < end else None
        if value is not None:
            yield value


def unwrapped(value: Any, fields: Set[str]) -> dict[str, Any] | None:
    """The object itself, out of a list of one, a key of its own, or a JSON string; None where there is none.

    One that is nested deeper than any that is asked for is none.
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


def objects_in(text: str, budget: RecoveryBudget) -> Iterator[dict[str, Any]]:
    """Whole objects that begin at some brace: after thoughts, in a fence, before a remark."""
    position = text.find("{")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        value, end = decoded_from(text, position, budget)
        if end > position:
            yield value
        position = text.find("{", max(end, position + 1))


def is_closed(text: str) -> bool:
    """Whether as many brackets close as open, outside of strings: a torn reply leaves some open."""
    # a quote that opens no string is matched too, lest the search for its end begins again at each one behind it
    signs = _STRING.sub(lambda string: "" if string[1] else string[0], text)
    return signs.count("{") == signs.count("}") and signs.count("[") == signs.count("]")


def _is_shallow(text: str) -> bool:
    """Whether the text has too few brackets to be nested too deep; a faster check than that of its value."""
    return text.count("[") + text.count("{") <= DEEPEST_NESTING
