"""Lists that are plain text: numbered or bulleted lines."""

import re

from synthetic_textcat.schemas.task_sentences import BULLET, NUMBERING
from synthetic_textcat.unspaced import UNSPACED

_LINE = re.compile(
    rf"(?P<indent>[ \t]*)(?:(?P<number>(?:\*\*)?{NUMBERING}(?:\*\*)?)|(?P<bullet>{BULLET}))"
    rf"(?:[ \t]+|(?<=[^\x00-\x7f])|(?=\S*[{UNSPACED}]))(?P<item>\S.*)",
    re.IGNORECASE,
)
_NUMBERED_IN_A_LINE = re.compile(r"\(?1[.)]\s.*?\s\(?2[.)]\s")
_NEXT_NUMBER = re.compile(r"\s+(?=\(?\d{1,3}[.)]\s)")


def listed_lines(text: str, cut: bool) -> list[str]:
    """The items of a numbered list, else of a bulleted one, without what stands around it; empty where there is none.

    An item goes on with the indented lines below it. Lists within items are left out, and so is the last item of a
    text that was cut, unless a line break ends it.
    """
    if _NUMBERED_IN_A_LINE.match(text) and "\n" not in text:
        items = _NEXT_NUMBER.split(text)
        return items[:-1] if cut else items
    lines = text.splitlines()
    found = [match for line in lines if (match := _LINE.match(line))]
    kind = "number" if any(match["number"] for match in found) else "bullet"
    indents = [len(match["indent"]) for match in found if match[kind]]
    if not indents:
        return []
    items, ends_with_item = _gathered(lines, kind, min(indents))
    torn = cut and ends_with_item and not text.endswith("\n")
    return items[:-1] if torn else items


def several_lines(text: str) -> list[str] | None:
    """The items of a text that stands in a list's place: its listed lines, else its lines; None for a single one."""
    lines = [line for line in text.splitlines() if line.strip()]
    return listed_lines(text, cut=False) or (lines if len(lines) > 1 else None)


def _gathered(lines: list[str], kind: str, indent: int) -> tuple[list[str], bool]:
    """The items at this indent, and whether the last line belongs to one."""
    items: list[str] = []
    within = False
    for line in lines:
        match = _LINE.match(line)
        if match and match[kind] and len(match["indent"]) == indent:
            items.append(match["item"].strip())
            within = True
        elif match or not line.strip():
            within = False
        elif within and line[: indent + 1].isspace():
            items[-1] += f" {line.strip()}"
        else:
            within = False
    return items, within
