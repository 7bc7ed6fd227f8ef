"""From a value found in a reply to the items of its list, out of all that wraps them or packs several into one text."""

from collections.abc import Iterator, Mapping
from typing import Any

from synthetic_textcat.llm.literals import decoded, literal
from synthetic_textcat.llm.packed_text import unpacked
from synthetic_textcat.llm.recovery import Recovery

MOST_ITEMS = 1_000
"""Of a list so many items are looked at. A model that repeats itself writes them until it is stopped."""

_DEEPEST_WRAPPING = 4
_AN_ITEM = 10  # steps that an item takes, however short it is
_CHARACTERS_A_STEP = 8  # that are looked at for brackets, and decoded


def items_of(value: Any, field: str, recovery: Recovery, levels: int = _DEEPEST_WRAPPING) -> list[Any] | None:
    """Texts and objects, none of them a list or a text that holds several; None where there is no list.

    Args:
        value: Decoded JSON.
        field: The name under which the list was asked for; another one does too, if it is the only list.
        recovery: Counts the work.
        levels: How many wrappings are taken off.

    Raises:
        WorkLimitError: If it is too much work.
    """
    if levels == 0:
        return None
    if isinstance(value, list):
        return [item for part in value[:MOST_ITEMS] for item in _flat(part, field, recovery, levels, len(value) == 1)]
    if isinstance(value, Mapping):
        return _items_under_a_key(value, field, recovery, levels)
    if isinstance(value, str):
        recovery.spend(_AN_ITEM + len(value) // _CHARACTERS_A_STEP)
        inside = decoded(value) or literal(value, recovery) or unpacked(value, True, recovery)
        return items_of(inside, field, recovery, levels - 1)
    return None


def _flat(part: Any, field: str, recovery: Recovery, levels: int, alone: bool) -> Iterator[Any]:
    """The items of one part of a list: of what it wraps or packs, else the part itself."""
    recovery.spend(_AN_ITEM + (len(part) // _CHARACTERS_A_STEP if isinstance(part, str) else 0))
    inside = (literal(part, recovery) or unpacked(part, alone, recovery)) if isinstance(part, str) else part
    is_wrapping = isinstance(inside, list) or (isinstance(inside, Mapping) and field in inside)
    items = items_of(inside, field, recovery, levels - 1) if is_wrapping else None
    yield from [part if inside is None else inside] if items is None else items


def _items_under_a_key(value: Mapping[str, Any], field: str, recovery: Recovery, levels: int) -> list[Any] | None:
    if field in value:
        return items_of(value[field], field, recovery, levels - 1)
    inner = [part for part in value.values() if isinstance(part, list)]
    if len(value) == 1 or len(inner) == 1:
        return items_of(inner[0] if inner else next(iter(value.values())), field, recovery, levels - 1)
    if value and all(isinstance(part, str) and str(key)[-1:].isdigit() for key, part in value.items()):
        return list(value.values())[:MOST_ITEMS]  # numbered: {"1": "...", "task_2": "..."}
    return None
