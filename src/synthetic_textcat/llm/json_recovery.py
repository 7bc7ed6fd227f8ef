"""The JSON objects that a person would read out of a model's reply."""

from collections.abc import Iterator, Set
from typing import Any

from synthetic_textcat.llm.literals import decoded, objects_in
from synthetic_textcat.llm.nesting import depth_within
from synthetic_textcat.llm.recovery import Recovery

_DEEPEST_WRAPPING = 4
_DEEPEST_NESTING = 20


def json_values(text: str, fields: Set[str], repair: bool, recovery: Recovery) -> Iterator[dict[str, Any]]:
    """Objects found in the text, the likeliest first: whole, then embedded in prose or fences, then repaired.

    Args:
        text: The reply.
        fields: Names of which the wanted object has at least one; what wraps it has none.
        repair: Whether broken JSON may be mended; not for a reply that was cut, whose rest would be made up.
        recovery: Counts the work.

    Raises:
        WorkLimitError: If it is too much.
    """
    for value in _candidates(text, repair, recovery):
        found = unwrapped(value, fields)
        if found is not None:
            yield found


def whole_value(text: str) -> Any:
    """The value of a text that is JSON from end to end; None where it is not."""
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
    """What the repair library makes of the text from its first, and from its last, opening brace on."""
    end = text.rfind("}") + 1
    for start in dict.fromkeys((text.find("{"), text.rfind("{"))):
        value = recovery.repaired(text[start:end]) if 0 <= start < end else None
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
