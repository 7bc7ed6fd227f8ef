"""List recovery: lists in a model's reply as JSON in any wrapping, torn JSON, or numbered and bulleted lines.

Of several lists the last one counts that is no remark: a model may write a better version below its first one.
Items keep their numbers and bullets: `schemas.task_text` takes them off. Stranger forms are asked again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import regex
from pydantic_core import from_json

from synthetic_textcat.llm.replies.json_recovery import DEEPEST_WRAPPING, decoded, decoded_from, objects_in
from synthetic_textcat.llm.replies.thoughts import thoughts_in
from synthetic_textcat.llm.replies.work_budget import DEEPEST_NESTING, RecoveryBudget, depth_within
from synthetic_textcat.schemas.task_text import BULLET, LONGEST_ITEM, NUMBERING
from synthetic_textcat.text.unicode import UNSPACED

MOST_ITEMS = 1_000  # that are read of a list; a model that repeats itself writes them until it is stopped
_CHARACTERS_A_STEP = 8  # that are searched, or decoded

_START = regex.compile(r"\[\s*(?=[\[{\"])")
_LINE = regex.compile(
    rf"(?P<indent>[ \t]*)(?:(?P<number>(?:\*\*)?{NUMBERING}(?:\*\*)?)|(?P<bullet>{BULLET}))"
    rf"(?:[ \t]+|(?<=[^\x00-\x7f])|(?=\S{{0,40}}[{UNSPACED}]))(?P<item>\S.*)",
    regex.IGNORECASE,
)
_REVISED = regex.compile(
    r"\b(?:revised|corrected|improved|better|updated|final|new) (?:list|version|answer|set|tasks|one|draft|attempt)s?\b"
    r"|^\W*(?:wait|actually|correction|no, |second (?:try|version)|let me (?:try|redo|revise|fix|correct|improve)\b)",
    regex.IGNORECASE,
)
_TITLE = regex.compile(r"\*\*[^*]*[^*:.!?\uff1a\u3002]\*\*")
_WILL_NOT = r"\bI(?: am|['\u2019]m)? (?:not able|unable|can ?not|(?:could|will) not|(?:ca|could|wo)n['\u2019]t)\b"
_SORRY = (
    r"(?:(?:I(?: am|['\u2019]m) )?(?:so |very )?sorry|(?:my )?apologies|I apologi[sz]e|unfortunately|but|however"
    r"|as an? [^.,;:]{1,60})[\s,.;:!\u2013\u2014-]{1,4}"
)
_REFUSAL = regex.compile(rf"(?<![\"'\u201c\u2018\u00ab]){_WILL_NOT}", regex.IGNORECASE)
_REFUSING_ITEM = regex.compile(rf"\s*(?:(?:{BULLET}|{NUMBERING})\s*)?(?:{_SORRY}){{0,3}}{_WILL_NOT}", regex.IGNORECASE)


def lists(text: str, field: str, cut: bool, budget: RecoveryBudget) -> Iterator[list[Any]]:
    """Lists of texts or objects found in the text, the likeliest first; never the text itself as an item.

    Args:
        text: The reply.
        field: The name under which the list was asked for; another one does too, if it is the only list.
        cut: Whether the reply was cut at the token limit: its last item is then left out, unless it is whole.
        budget: Counts the work; raises `WorkLimitError` if it is too much.
    """
    text = text.lstrip("\ufeff \t\r\n") if cut else text.strip("\ufeff \t\r\n")
    if decoded(text) is None:
        text = _outside_thoughts(text)
    for value in _values(text, field, cut, budget):
        items = _items_of(value, field, budget)
        if items and isinstance(items[0], str) and _REFUSING_ITEM.match(items[0][:LONGEST_ITEM]):
            items = []
        if items is not None or isinstance(value, Mapping):
            yield items or []  # an object without a list: an answer, but not to what was asked
    lines, before = _listed_lines(text, cut, budget)
    if lines and not _REFUSAL.search(before):  # a model that refuses lists something else
        yield _items_of(lines, field, budget) or []


def _values(text: str, field: str, cut: bool, budget: RecoveryBudget) -> Iterator[Any]:
    if (whole := decoded(text)) is not None:
        yield whole
        return
    objects = [found.value for found in objects_in(text, budget) if field in found.value]
    yield from _latest_first(objects, [_length(value[field]) for value in objects])
    arrays = list(_arrays(text, budget))
    closed = [items for items, is_closed in arrays if is_closed]
    yield from _latest_first(closed, list(map(len, closed)))
    end = max(text.rfind("}"), text.rfind("]")) + 1
    starts = sorted(place for place in (text.find("{"), text.find("[")) if place >= 0 and not cut)
    repaired = (budget.repaired(text[start:end]) for start in starts)
    yield from (value for value in repaired if value is not None)
    yield from (items for items, is_closed in arrays if not is_closed)


def _outside_thoughts(text: str) -> str:
    """The text between the last end of a model's thoughts and where they begin again."""
    end, reopened = thoughts_in(text)
    return text[end:reopened]


Version = TypeVar("Version")


def _latest_first(versions: Sequence[Version], lengths: Sequence[int]) -> list[Version]:
    """The versions of a list from the last one back, those under half as long as the longest at the end.

    Short ones are remarks, or come from unmarked thoughts.
    """
    longest = max(lengths, default=0)
    places = sorted(range(len(versions)), key=lambda place: (lengths[place] * 2 < longest, -place))
    return [versions[place] for place in places]


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _arrays(text: str, budget: RecoveryBudget) -> Iterator[tuple[list[Any], bool]]:
    """Arrays of texts, objects or arrays, and whether each is closed; the text after a torn array is not searched."""
    end = 0
    for match in _START.finditer(text):
        if match.start() < end:
            continue
        array, end = decoded_from(text, match.start(), budget)
        if end > match.start():
            yield array, True
            continue
        budget.spend(len(text) // _CHARACTERS_A_STEP)
        with suppress(ValueError, IndexError):
            array = from_json(text[end:], allow_partial=True)  # leaves out a torn string, and keeps a torn object
            if depth_within(array, DEEPEST_NESTING):
                yield (array if isinstance(array[-1], str) else array[:-1]), False
        return


def _items_of(value: Any, field: str, budget: RecoveryBudget) -> list[Any] | None:
    """The items of a list, without its wrapping; None if there is none."""
    for _ in range(DEEPEST_WRAPPING):
        if isinstance(value, Mapping):
            value = _list_under_a_key(value, field)
        elif isinstance(value, str):
            budget.spend(1 + len(value) // _CHARACTERS_A_STEP)
            value = decoded(value) or _listed_lines(value, False, budget)[0] or None
        elif isinstance(value, list) and len(value) == 1 and _is_wrapping(value[0], field):
            value = value[0]
        else:
            break
    return value[:MOST_ITEMS] if isinstance(value, list) else None


def _is_wrapping(item: Any, field: str) -> bool:
    held = "\n" if isinstance(item, str) else field
    return isinstance(item, list) or (isinstance(item, Mapping | str) and held in item)


def _list_under_a_key(value: Mapping[str, Any], field: str) -> Any:
    if field in value:
        return value[field]
    parts = list(value.values())
    inner = [part for part in parts if isinstance(part, list)]
    if len(inner) == 1 or len(parts) == 1:
        return (inner or parts)[0]
    is_numbered = all(isinstance(part, str) and str(key)[-1:].isdigit() for key, part in value.items())
    return parts if is_numbered and parts else None  # {"1": "...", "task_2": "..."}


def _listed_lines(text: str, cut: bool, budget: RecoveryBudget) -> tuple[list[str], str]:
    """The items of a numbered list, else of a bulleted one, and the text before it.

    An item goes on with the indented lines below it. Lists within items are left out, and so is the last item of a
    text that was cut, unless a line break ends it. A line such as "Revised list:" begins another version.
    """
    budget.spend(len(text))
    lines = text.splitlines()
    matches = [_LINE.match(line) for line in lines]
    kind = "number" if any(match and match["number"] for match in matches) else "bullet"
    marks = [match if match and match[kind] else None for match in matches]
    indent = min((len(match["indent"]) for match in marks if match), default=0)
    versions: list[list[str]] = [[]]
    within, joint, is_revised = False, " ", False
    for line, match, mark in zip(lines, matches, marks, strict=True):
        items = versions[-1]
        if mark and len(mark["indent"]) == indent:
            if items and is_revised:
                versions.append(items := [])
            is_revised = False
            items.append(line.strip())
            within, joint = True, ": " if _TITLE.fullmatch(mark["item"].strip()) else " "  # a title, and its sentence
        elif within and match is None and line[: indent + 1].isspace() and line.strip():
            items[-1] += joint + line.strip()
            joint = " "
        else:
            within = False
            is_revised = is_revised or (match is None and _REVISED.search(line[:LONGEST_ITEM]) is not None)
    if cut and within and not text.endswith("\n"):
        versions[-1] = versions[-1][:-1]
    before = " ".join(lines[: next((place for place, mark in enumerate(marks) if mark), 0)])
    return _latest_first(versions, list(map(len, versions)))[0], before
