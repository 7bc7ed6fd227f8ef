"""List recovery: lists in a model's reply as JSON in any wrapping, torn JSON, or numbered and bulleted lines.

Items keep their numbers and bullets: whoever reads an item takes them off.

A sign parts a text only where that leaves sentences: `Sort claims by fire | water` is one task.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import regex

from synthetic_textcat.llm.json_recovery import decoded, decoded_from, literal, objects_in
from synthetic_textcat.llm.recovery import Recovery
from synthetic_textcat.schemas.task_text import BULLET, LONGEST_ITEM, NUMBERING
from synthetic_textcat.text.unicode import UNSPACED

_MOST_STARTS = 50
_BEGINS_A_VALUE = ("{", "[", '"')
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_AN_ARRAY_ITEM = 5  # steps that an item of an array takes, however short it is

MOST_ITEMS = 1_000
"""Of a list so many items are looked at. A model that repeats itself writes them until it is stopped."""

_DEEPEST_WRAPPING = 4
_AN_ITEM = 10  # steps that an item takes, however short it is
_CHARACTERS_A_STEP = 8  # that are looked at for brackets, and decoded
_UNSPACED_WORD = rf"\S{{0,40}}[{UNSPACED}]"  # bounded: else each number reads on to the end of the text
_LINE = regex.compile(
    rf"(?P<indent>[ \t]*)(?:(?P<number>(?:\*\*)?{NUMBERING}(?:\*\*)?)|(?P<bullet>{BULLET}))"
    rf"(?:[ \t]+|(?<=[^\x00-\x7f])|(?={_UNSPACED_WORD}))(?P<item>\S.*)",
    regex.IGNORECASE,
)
_NUMBER = regex.compile(
    rf"(?:^|(?<=[\s;\u3002\uff1b]))(?:(?:task\s*#?)?[(\uff08]?(\d{{1,3}})"
    rf"(?:[.):](?=\s|{_UNSPACED_WORD})|[\uff0e\uff09\uff1a\u3001])|#(\d{{1,3}})(?=\s)|\(?([a-z])\)(?=\s))",
    regex.IGNORECASE,
)
_TITLE = regex.compile(r"\*\*[^*]*[^*:.!?\uff1a\u3002]\*\*")
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

_PARTING = (
    re.compile(r"</?(?:li|ul|ol)\b[^<>]*>"),
    re.compile(r"[\u2022\u2023\u25aa\u25cf\u25e6\u2192\u2460-\u2473]"),
    re.compile(r"\||\t|(?<=\")\s*,\s*(?=\")"),
)
_ALSO_WITHIN = (re.compile(r"[;\uff1b]"), re.compile(r"\s/\s"))
_CHARACTERS_SEARCHED_A_STEP = 8  # that are searched for one sign
_MOST_PARTS = 1_000  # more are no list of sentences
_OWN_BULLET = re.compile(r"\s*(?:([-*+\u2013\u2014])\s|(\u30fb))")


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
        recovery.spend(_AN_ARRAY_ITEM)
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


def listed_lines(text: str, cut: bool, recovery: Recovery) -> list[str]:
    """The items of a numbered list, else of a bulleted one, without what stands around it; empty where there is none.

    An item goes on with the indented lines below it. Lists within items are left out, and so is the last item of a
    text that was cut, unless a line break ends it.

    Raises:
        WorkLimitError: If it is too much work.
    """
    recovery.spend(len(text))
    lines = text.splitlines()
    found = [match for line in lines if (match := _LINE.match(line))]
    kind = "number" if any(match["number"] for match in found) else "bullet"
    indents = [len(match["indent"]) for match in found if match[kind]]
    if not indents:
        return []
    items, ends_with_item = _gathered(lines, kind, min(indents))
    torn = cut and ends_with_item and not text.endswith("\n")
    return items[:-1] if torn else items


def numbered_line(text: str, cut: bool, recovery: Recovery) -> list[str] | None:
    """What numbers that follow one another begin in one line: `1. ... 2. ...`, `Tasks: (3) ... (4) ...`.

    What stands before the first one is no item. None where there are no such numbers, or they stand within a sentence;
    empty where it can't be told whether they list tasks, or the parts of the one before the colon.

    Raises:
        WorkLimitError: If it is too much work.
    """
    recovery.spend(len(text) // 2)
    starts = _consecutive(text)
    if len(starts) < 2:
        return None
    items = [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    head = text[: starts[0]].strip()
    if head and (head[-1] not in ":\uff1a.!?\u3002\uff01" or not any(map(recovery.sentence_of, items))):
        return None
    if head.endswith((":", "\uff1a")) and recovery.sentence_of(head[:-1]) is not None:
        return []
    return items[:-1] if cut else items


def before_list(text: str) -> str:
    """What is said before the first listed line."""
    lines = text.splitlines()
    return " ".join(lines[: next((number for number, line in enumerate(lines) if _LINE.match(line)), 0)])


def refuses(text: str) -> bool:
    """Whether the model says that it won't do what was asked: what it lists then is something else."""
    return _REFUSAL.search(text) is not None


def is_refusal(item: str) -> bool:
    """Whether an item of a list begins by saying so; a task may quote it: `messages such as 'I can't log in'`."""
    return _REFUSING_ITEM.match(item[:LONGEST_ITEM]) is not None


def _consecutive(text: str) -> list[int]:
    """Where numbers begin of which each is the one before it and one."""
    starts: list[int] = []
    last = 0
    for match in _NUMBER.finditer(text):
        number = int(match[1] or match[2] or ord(match[3].lower()) - ord("a") + 1)
        if not starts or number == last + 1:
            starts.append(match.start())
            last = number
    return starts


def _gathered(lines: list[str], kind: str, indent: int) -> tuple[list[str], bool]:
    """The items at this indent, and whether the last line belongs to one."""
    items: list[str] = []
    within, joint = False, " "
    for line in lines:
        match = _LINE.match(line)
        if match and match[kind] and len(match["indent"]) == indent:
            items.append(line.strip())
            within, joint = True, ": " if _TITLE.fullmatch(match["item"].strip()) else " "  # a title, and its sentence
        elif match or not line.strip():
            within = False
        elif within and line[: indent + 1].isspace():
            items[-1] += joint + line.strip()
            joint = " "
        else:
            within = False
    return items, within


def unpacked(text: str, alone: bool, recovery: Recovery) -> list[str] | None:
    """The items that the text holds; None where it is one item itself.

    Args:
        text: Stands where an item is expected.
        alone: Whether it is the only one where several were asked for: then it is likelier to hold them.
        recovery: Counts the work.

    Raises:
        WorkLimitError: If it is too much.
    """
    recovery.spend(len(text) // _CHARACTERS_SEARCHED_A_STEP)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        return listed_lines(text, False, recovery) or (lines if alone else None)
    numbered = numbered_line(text, False, recovery)
    return _parted(text, 2 if alone else 3, recovery) if numbered is None else numbered


def _parted(text: str, fewest: int, recovery: Recovery) -> list[str] | None:
    """The parts between signs; of signs that sentences have too, only if there are so many, and all are sentences."""
    for sign in _PARTING:
        parts, sentences = _between(sign, text, recovery)
        if len(sentences) > 1 and (_begins(text, sign) or not _go_on(sentences)):
            return parts
    for sign in (*_ALSO_WITHIN, *_own_bullet(text)):
        parts, sentences = _between(sign, text, recovery)
        if fewest <= len(parts) == len(sentences) and (_begins(text, sign) or not _go_on(sentences)):
            return parts
    return None


def _between(sign: re.Pattern[str], text: str, recovery: Recovery) -> tuple[list[str], list[str]]:
    """The parts, and the sentences of those that have one; none of either where the sign does not part the text."""
    recovery.spend(len(text) // _CHARACTERS_SEARCHED_A_STEP)
    parts = [part for each in sign.split(text) if (part := each.strip())]
    if not 1 < len(parts) <= _MOST_PARTS:
        return [], []
    return parts, [sentence for part in parts if (sentence := recovery.sentence_of(part)) is not None]


def _begins(text: str, sign: re.Pattern[str]) -> bool:
    """Whether the first part has a sign before it, as all others have: then they are items, however they begin."""
    return sign.match(text.lstrip()) is not None


def _go_on(sentences: list[str]) -> bool:
    """Whether they go on with the first: half of the others begin in lower case, and that one does not."""
    is_small = [next(filter(str.isalpha, sentence)).islower() for sentence in sentences]
    return not is_small[0] and 2 * sum(is_small) >= len(is_small) - 1 > 0


def _own_bullet(text: str) -> list[re.Pattern[str]]:
    """What the text begins with, if that is a bullet which sentences have too."""
    match = _OWN_BULLET.match(text)
    if match is None:
        return []
    return [re.compile(rf"(?:^|\s){re.escape(match[1])}\s" if match[1] else match[2])]
