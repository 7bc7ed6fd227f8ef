"""List recovery: lists in a model's reply as JSON in any wrapping, torn JSON, or numbered and bulleted lines.

Anything stranger, such as several sentences packed into one item, holds no list: the model is asked again. Items keep
their numbers and bullets; `schemas.task_text.sentence_of` takes them off.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pydantic_core
import regex

from synthetic_textcat.llm.json_recovery import decoded, decoded_from, objects_in
from synthetic_textcat.llm.recovery import Recovery
from synthetic_textcat.schemas.task_text import BULLET, LONGEST_ITEM, NUMBERING
from synthetic_textcat.text.unicode import UNSPACED

MOST_ITEMS = 1_000
"""Items of a list that are read. A model that repeats itself writes them until it is stopped."""

_MOST_STARTS = 50
_DEEPEST_WRAPPING = 4
_AN_ITEM = 10  # steps that an item takes, however short it is
_CHARACTERS_A_STEP = 20  # that a decoder goes through

_BLANKS = "\ufeff \t\r\n"
_UNSPACED_WORD = rf"\S{{0,40}}[{UNSPACED}]"  # bounded: else each number reads on to the end of the text
_LINE = regex.compile(
    rf"(?P<indent>[ \t]*)(?:(?P<number>(?:\*\*)?{NUMBERING}(?:\*\*)?)|(?P<bullet>{BULLET}))"
    rf"(?:[ \t]+|(?<=[^\x00-\x7f])|(?={_UNSPACED_WORD}))\S",
    regex.IGNORECASE,
)
_WILL_NOT = (
    r"\bI(?:(?: am|['\u2019]m) (?:not able|unable)| (?:can|could)(?:no|['\u2019])t| can not"
    r"| won['\u2019]t| will not)\b"
)
_SORRY = (
    r"(?:(?:I am |I['\u2019]m )?(?:so |very )?sorry|(?:my )?apologies|I apologi[sz]e|unfortunately|but|however"
    r"|as an? [^.,;:]{1,60})[\s,.;:!\u2013\u2014-]{1,4}"
)
_REFUSAL = regex.compile(rf"(?<![\"'\u201c\u2018\u00ab]){_WILL_NOT}", regex.IGNORECASE)
_REFUSING_ITEM = regex.compile(rf"\s*(?:(?:{BULLET}|{NUMBERING})\s*)?(?:{_SORRY}){{0,3}}{_WILL_NOT}", regex.IGNORECASE)

_BROKEN_ARRAY = regex.compile(r"\[[ \t\r\n]*[\[{\"]")
_BULLETS = r"[\u2022\u2023\u25aa\u25cf\u25e6\u2192\u2460-\u2473]"
_PACKED = regex.compile(
    r"[.!?\u3002\uff01\uff1f][\"')\u201d]*\s*"
    rf"(?:[|;/\"]|,\s*\"|{_BULLETS}|(?<=\s)(?:[-*+\u2013\u2014]|\d{{1,3}}[.)]|\(?[a-z]\))\s)\s*\w"
    rf"|(?:<li\b.*<li\b|{_BULLETS}.*{_BULLETS}\s*\w|\"\s*,\s*\")"
    rf"|^\W*(?:{NUMBERING}|\w+:\s+\d[.)]).*\s\d{{1,3}}[.)]\s+\w",
    regex.IGNORECASE,
)
"""Several sentences in one item: a sign, a number or a bullet between two of them."""


def lists(text: str, field: str, cut: bool, recovery: Recovery) -> Iterator[list[Any]]:
    """Lists of texts or objects found in the text, the likeliest first; never the text itself as an item.

    An object without a list yields an empty one: it is an answer, but not to the question. So does a list whose first
    item refuses.

    Args:
        text: The reply.
        field: The name under which the list was requested; another name does too, if it holds the only list.
        cut: Whether the reply was cut at the token limit: its last item is then left out, unless it is whole.
        recovery: Counts the work.

    Raises:
        WorkLimitError: If the work exceeds its budget.
    """
    text = text.lstrip(_BLANKS) if cut else text.strip(_BLANKS)
    for value in _values(text, field, cut, recovery):
        items = _items(value, field, recovery)
        if items is not None or isinstance(value, Mapping):
            yield [] if not items or _refuses(items[0]) else items
    head, lines = _listed_lines(text, cut, recovery)
    if lines and not _REFUSAL.search(head):
        yield lines


def _values(text: str, field: str, cut: bool, recovery: Recovery) -> Iterator[Any]:
    """Decoded JSON: the whole text, else an object, arrays from the longest on, a repaired text, a torn array."""
    whole = decoded(text)
    if whole is not None:
        yield whole
        return
    yield from (value for value in objects_in(text, recovery) if field in value)
    yield from sorted(_arrays(text, recovery), key=len, reverse=True)  # thoughts may hold a short one
    starts = sorted(place for place in (text.find("{"), text.find("[")) if place >= 0)
    end = max(text.rfind("}"), text.rfind("]")) + 1
    for start in starts:
        value = recovery.repaired(text[start:end]) if not cut and start < end else None
        if value is not None:
            yield value
    if cut and starts:
        yield from _torn(text, recovery)


def _arrays(text: str, recovery: Recovery) -> Iterator[list[Any]]:
    """Whole arrays, up to one that is broken: the arrays within its items are no list of tasks."""
    position = text.find("[")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        value, end = decoded_from(text, position, recovery)
        if end > position:
            yield value
        elif _BROKEN_ARRAY.match(text, position):
            return
        position = text.find("[", max(end, position + 1))


def _torn(text: str, recovery: Recovery) -> Iterator[list[Any]]:
    """Whole items of an array that the token limit cut; of objects the last one counts as torn."""
    position = text.find("[")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        recovery.spend((len(text) - position) // _CHARACTERS_A_STEP)
        try:
            items = pydantic_core.from_json(text[position:], allow_partial=True)
        except ValueError:
            items = []
        if items:
            yield items[:-1] if isinstance(items[-1], Mapping) else items
            return
        position = text.find("[", position + 1)


def _items(value: Any, field: str, recovery: Recovery, levels: int = _DEEPEST_WRAPPING) -> list[Any] | None:
    """The items of a list, out of what wraps it; None where there is no list."""
    recovery.spend(_AN_ITEM + (len(value) // _CHARACTERS_A_STEP if isinstance(value, str) else 0))
    if levels == 0:
        return None
    if isinstance(value, str):
        inside = decoded(value)
        return (
            _listed_lines(value, False, recovery)[1] or None
            if inside is None
            else _items(inside, field, recovery, levels - 1)
        )
    if isinstance(value, list):
        items = (item for part in value[:MOST_ITEMS] for item in _flat(part, field, recovery, levels - 1))
        return [item for item in items if not _is_packed(item)]
    if not isinstance(value, Mapping):
        return None
    if field in value:
        return _items(value[field], field, recovery, levels - 1)
    lists_within = [part for part in value.values() if isinstance(part, list)]
    inner = lists_within or list(value.values())
    return _items(inner[0], field, recovery, levels - 1) if len(inner) == 1 else None


def _flat(part: Any, field: str, recovery: Recovery, levels: int) -> list[Any]:
    """An item itself, or the items of a list within the list."""
    recovery.spend(_AN_ITEM)
    is_wrapping = isinstance(part, list) or (
        isinstance(part, Mapping) and field in part and not isinstance(part[field], str)
    )
    return (_items(part, field, recovery, levels) if is_wrapping else None) or [part]


def _listed_lines(text: str, cut: bool, recovery: Recovery) -> tuple[str, list[str]]:
    """The text before a list, and the list's lines: numbered ones, else bulleted ones, at the outermost indent.

    The last line of a text that was cut is no item, unless a line break ends it.
    """
    recovery.spend(len(text))
    lines = text.splitlines()
    found = [(number, match) for number, line in enumerate(lines) if (match := _LINE.match(line))]
    kind = "number" if any(match["number"] for _, match in found) else "bullet"
    outermost = min((len(match["indent"]) for _, match in found if match[kind]), default=0)
    listed = [number for number, match in found if match[kind] and len(match["indent"]) == outermost]
    if cut and listed and listed[-1] == len(lines) - 1 and not text.endswith("\n"):
        listed.pop()
    items = (lines[number].strip() for number in listed)
    return " ".join(lines[: found[0][0]]) if found else "", [item for item in items if not _is_packed(item)]


def _is_packed(item: Any) -> bool:
    return isinstance(item, str) and _PACKED.search(item[:LONGEST_ITEM]) is not None


def _refuses(item: Any) -> bool:
    """Whether an item begins with a refusal; a task may quote one: `messages such as 'I can't log in'`."""
    return isinstance(item, str) and _REFUSING_ITEM.match(item[:LONGEST_ITEM]) is not None
