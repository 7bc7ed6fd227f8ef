"""The JSON objects that a person would read out of a model's reply."""

from collections.abc import Iterator, Set
from typing import Any

from synthetic_textcat.llm.literals import decoded, objects_in, repaired

_DEEPEST_WRAPPING = 4
_DEEPEST_NESTING = 20


def json_values(text: str, fields: Set[str], repair: bool) -> Iterator[dict[str, Any]]:
    """Objects found in the text, the likeliest first: whole, then embedded in prose or fences, then repaired.

    Args:
        text: The reply.
        fields: Names of which the wanted object has at least one; what wraps it has none.
        repair: Whether broken JSON may be mended; not for a reply that was cut, whose rest would be made up.
    """
    text = text.strip().removeprefix("\ufeff")
    for value in _candidates(text, repair):
        found = _unwrapped(value, fields)
        if found is not None and _depth_within(found, _DEEPEST_NESTING):
            yield found


def _candidates(text: str, repair: bool) -> Iterator[Any]:
    whole = decoded(text)
    if whole is not None:
        yield whole
        return
    yield from objects_in(text)
    if repair:
        yield from _repaired(text)


def _repaired(text: str) -> Iterator[Any]:
    """What the repair library makes of the text from its first, and from its last, opening brace on."""
    end = text.rfind("}") + 1
    for start in dict.fromkeys((text.find("{"), text.rfind("{"))):
        value = repaired(text[start:end]) if 0 <= start < end else None
        if value is not None:
            yield value


def _unwrapped(value: Any, fields: Set[str]) -> dict[str, Any] | None:
    """The object itself, out of a list of one, a key of its own, or a JSON string; None where there is none."""
    for _ in range(_DEEPEST_WRAPPING):
        if isinstance(value, dict) and (len(value) != 1 or fields & value.keys()):
            return value
        if isinstance(value, dict):
            value = next(iter(value.values()))
        elif isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, str):
            value = decoded(value)
        else:
            break
    return value if isinstance(value, dict) else None


def _depth_within(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_depth_within(part, levels - 1) for part in parts)
