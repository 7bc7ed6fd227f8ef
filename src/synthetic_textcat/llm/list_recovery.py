"""The lists that a person would read out of a model's reply: JSON in any wrapping, torn JSON, numbered lines."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from synthetic_textcat.llm.list_items import items_of
from synthetic_textcat.llm.listed_lines import before_list, is_refusal, listed_lines, numbered_line, refuses
from synthetic_textcat.llm.literals import decoded, decoded_from, objects_in
from synthetic_textcat.llm.recovery import Recovery

_MOST_STARTS = 50
_BEGINS_A_VALUE = ("{", "[", '"')
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_AN_ITEM = 5  # steps that an item of an array takes, however short it is


class _Array(NamedTuple):
    items: list[Any]
    is_closed: bool


def lists(text: str, field: str, cut: bool, recovery: Recovery) -> Iterator[list[Any]]:
    """Lists of texts or objects found in the text, the likeliest first; never the text itself as an item.

    Args:
        text: The reply.
        field: The name under which the list was asked for; another one does too, if it is the only list.
        cut: Whether the reply was cut at the token limit: its last item is then left out, unless it is whole.
        recovery: Counts the work.

    Raises:
        WorkLimitError: If it is too much.
    """
    text = text.strip("\ufeff \t\r\n") if not cut else text.lstrip("\ufeff \t\r\n")
    for value in _values(text, field, cut, recovery):
        items = items_of(value, field, recovery)
        if items and isinstance(items[0], str) and is_refusal(items[0]):
            items = []
        if items is not None or isinstance(value, Mapping):
            yield items or []  # an object without a list: an answer, but not to what was asked
    lines = None if "\n" in text else numbered_line(text, cut, recovery)
    lines = lines or listed_lines(text, cut, recovery)
    if lines and not refuses(before_list(text)):
        yield items_of(lines, field, recovery) or []


def _values(text: str, field: str, cut: bool, recovery: Recovery) -> Iterator[Any]:
    whole = decoded(text)
    if whole is not None:
        yield whole
        return
    yield from (value for value in objects_in(text, recovery) if field in value)
    arrays = sorted(
        _arrays(text, recovery), key=lambda array: len(array.items), reverse=True
    )  # thoughts may hold a short one
    yield from (array.items for array in arrays if array.is_closed)
    if not cut:
        yield from _repaired(text, recovery)
    yield from (array.items for array in arrays if not array.is_closed)


def _arrays(text: str, recovery: Recovery) -> Iterator[_Array]:
    """The whole items of each array, be it closed or torn; arrays within arrays are not told."""
    position = text.find("[")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        array, end = _array_from(text, position + 1, recovery)
        if array.items:
            yield array
        if text[end : end + 1] in _BEGINS_A_VALUE:
            return  # its next item is broken, and what lies within that one is no list of tasks
        position = text.find("[", end)


def _array_from(text: str, position: int, recovery: Recovery) -> tuple[_Array, int]:
    """What stands between commas from here on, and where the reading ended."""
    items: list[Any] = []
    while True:
        between = _BETWEEN.match(text, position)
        position = between.end() if between else position
        recovery.spend(_AN_ITEM)
        value, end = decoded_from(text, position, recovery)
        if end <= position:
            return _Array(items, text.startswith("]", position)), position
        items.append(value)
        position = end


def _repaired(text: str, recovery: Recovery) -> Iterator[Any]:
    """What the repair library makes of the text from its first opening bracket to its last closing one."""
    starts = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    end = max(text.rfind("}"), text.rfind("]")) + 1
    for start in sorted(starts):
        value = recovery.repaired(text[start:end]) if start < end else None
        if value is not None:
            yield value
