"""Stems of a word: short strings of which each form of the word contains one.

A text without any of them names no form of the word, and `in` finds that out in a hundredth of the time that it takes
to compare its words one by one. They follow from the rules of `word_forms`:

- English: the word less the letters that an ending replaces (`cit` of cities).
- Endings: a form begins with the first `least` letters of the word, or contains these in a compound.
- Spelling: each of these letters stands for all letters that count as it (`bu`, `bü` and `bue` of Buch).

Only Latin letters are considered: elsewhere there are prefixes, and letters that depend on their neighbours.
"""

import re
import string
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import product
from typing import NamedTuple

from synthetic_textcat.text.word_forms import (
    ALTERNATING,
    COMPOUNDING,
    ENGLISH,
    SPELLINGS,
    inflections_of,
    spelling_key,
)

_LATIN = re.compile("[\x00-\x7f\u00a0-\u024f\u2000-\u206f\u20ac]*")
_MOST = 24  # stems of a word: more take as long as the comparison of the words
_REPLACED = (("ies", 3), ("ing", 3), ("es", 2), ("s", 1), ("e", 1), ("y", 1))
"""English endings of a label, and how many of its letters a form may lack."""

_DEPENDS_ON_WHAT_FOLLOWS = "(?="


class Stems(NamedTuple):
    """Stems of a word.

    Attributes:
        strings: Of these, each form of the word contains one.
        at_start: Whether a form begins with it: not in languages that write compounds in one word.
    """

    strings: tuple[str, ...]
    at_start: bool

    def are_missing_in(self, text: str) -> bool:
        """Whether a text without other letters than Latin ones, in its comparison form, has no form of the word."""
        for stem in self.strings:
            place = text.find(stem)
            while place >= 0:
                if not self.at_start or not text[place - 1 : place].isalnum():
                    return False
                place = text.find(stem, place + 1)
        return True


def has_only_latin_letters(text: str) -> bool:
    """Whether a text in its comparison form has no letters but those in which stems can be looked for."""
    return text.isascii() or _LATIN.fullmatch(text) is not None


@lru_cache(maxsize=1 << 14)
def stems_of(word: str, code: str) -> Stems | None:
    """Stems of a word in its comparison form; None where the language has none."""
    if code == ENGLISH:
        fewer = next((letters for ending, letters in _REPLACED if word.endswith(ending)), 0)
        return _stems([word[: len(word) - fewer]], code)
    inflections = inflections_of(code)
    if any(len(each.prefixes) > 1 for each in inflections):
        return None
    if any(_DEPENDS_ON_WHAT_FOLLOWS in pattern for pattern, _ in SPELLINGS.get(code, ())):
        return None
    key = spelling_key(word, code)
    least = min((each.least for each in inflections), default=len(key))
    written = [_written_as(letter, code) for letter in key[:least]]
    strings = ["".join(letters) for _, letters in zip(range(_MOST + 1), product(*written), strict=False)]
    return _stems([*strings, word], code) if len(strings) <= _MOST else None


def _stems(strings: Sequence[str], code: str) -> Stems:
    return Stems(tuple(strings), code not in COMPOUNDING)


@cache
def _written_as(letter: str, code: str) -> tuple[str, ...]:
    """Letters, or pairs of them, that count as this one within the forms of a word."""
    return tuple(sorted({letter, *_pairs_by_key(code).get(letter, ())}))


@cache
def _pairs_by_key(code: str) -> dict[str, list[str]]:
    letters = sorted({*string.ascii_lowercase, *ALTERNATING})
    found: dict[str, list[str]] = {}
    for written in (*letters, *map("".join, product(letters, repeat=2))):
        key = spelling_key(written, code)
        if len(key) == 1:
            found.setdefault(key, []).append(written)
    return found
