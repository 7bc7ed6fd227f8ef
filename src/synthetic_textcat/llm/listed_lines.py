"""Lists that are plain text: numbered or bulleted lines, or numbered sentences in one line.

Items keep their numbers and bullets: whoever reads an item takes them off.
"""

import regex

from synthetic_textcat.llm.recovery import Recovery
from synthetic_textcat.schemas.task_text import BULLET, LONGEST_ITEM, NUMBERING
from synthetic_textcat.text.unspaced import UNSPACED

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
