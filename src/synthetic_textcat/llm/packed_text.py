"""Texts that stand for one item of a list and hold several: listed lines, or sentences parted by numbers or a sign.

A sign parts a text only where that leaves sentences: `Sort claims by fire | water` is one task.
"""

import re

from synthetic_textcat.llm.listed_lines import listed_lines, numbered_line
from synthetic_textcat.llm.recovery import Recovery

_PARTING = (
    re.compile(r"</?(?:li|ul|ol)\b[^<>]*>"),
    re.compile(r"[\u2022\u2023\u25aa\u25cf\u25e6\u2192\u2460-\u2473]"),
    re.compile(r"\||\t|(?<=\")\s*,\s*(?=\")"),
)
_ALSO_WITHIN = (re.compile(r"[;\uff1b]"), re.compile(r"\s/\s"))
_CHARACTERS_A_STEP = 8  # that are searched for one sign
_MOST_PARTS = 1_000  # more are no list of sentences
_OWN_BULLET = re.compile(r"\s*(?:([-*+\u2013\u2014])\s|(\u30fb))")


def unpacked(text: str, alone: bool, recovery: Recovery) -> list[str] | None:
    """The items that the text holds; None where it is one item itself.

    Args:
        text: Stands where an item is expected.
        alone: Whether it is the only one where several were asked for: then it is likelier to hold them.
        recovery: Counts the work.

    Raises:
        WorkLimitError: If it is too much.
    """
    recovery.spend(len(text) // _CHARACTERS_A_STEP)
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
    recovery.spend(len(text) // _CHARACTERS_A_STEP)
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
