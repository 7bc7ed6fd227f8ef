"""Repetition within texts: loops of lines, phrases or words, and texts that compress too well for their length.

A position of a text is repeated if the run of four words that begins there stands earlier in the text. In scripts
without spaces, runs of eight characters take the place of words. A loop shows as a large share of repeated positions; a
refrain, a list or a form has a smaller one. More bounds catch what has no such runs: one word that is a large part of
the text, and follows itself or is half of it (a counting rhyme alternates); a few characters again and again; and a
compression ratio (zlib, level 6) that no real text of its length has.
"""

import re
import zlib
from collections import Counter
from itertools import pairwise
from math import ceil
from string import digits

from synthetic_textcat.text.unicode import is_unspaced
from synthetic_textcat.text.words import ngrams

_RUN = 4
_UNSPACED_RUN = 8
_FEWEST_WORDS = 12
_FEWEST_IN_PERIODS = 8  # words of a text that is nothing but one phrase again and again
_FEWEST_PERIODS = 4
_MOST_WORDS = 5_000  # that are judged
_ONE_WORD = 0.3
_FEWEST_TIMES = 6
_LONG, _LONGEST = 300, 2_500  # characters: shorter texts compress badly, longer ones well, whatever they say
_RATIO = 0.25  # bytes a character; 26,000 real texts of these lengths have a median of 0.62, and one in 1,000 has 0.38
_QUOTED = 60
_FIRST_LOOK = 1.2  # times the share of a text that must be new: so many words of most texts have enough new runs
_HAS_LETTER = re.compile(r"[^\W\d_]").search
_DIGIT = re.compile(r"\d")
_NUMBER_OF_A_LIST = re.compile(r"\(?\d{1,3}[.):]").fullmatch
_CHARACTERS = re.compile(r"(\w{1,8}?)\1{9,}")
_LONG_LAUGHTER = 40  # characters, which a "hahaha" seldom has
_PUNCTUATION = ".,;:!?\"'"


def find_repetition(text: str, words: list[str], most: float | None) -> str | None:
    """The part of a text that it repeats, if that is more than a share of it.

    Args:
        text: Normalised.
        words: Its pieces between spaces.
        most: Share of repeated positions, 0 to 1, from which it is rejected; None = not judged.
    """
    if most is None:
        return None
    if _has_word_of(ceil(max(_LONG_LAUGHTER, most * len(text))), text):
        longest = max(words, key=len)
        run = _CHARACTERS.search(longest[:_LONGEST])
        if run is not None and len(run[0]) >= most * len(longest):
            return f"{run[1]!r} {len(run[0]) // len(run[1])} times in a row"
    if is_unspaced(text[:_QUOTED]):
        words = [character for character in text[:_MOST_WORDS] if character.isalnum()]
        return _repeated(words, _UNSPACED_RUN, "", most) if len(words) >= 2 * _UNSPACED_RUN else None
    if len(words) > _MOST_WORDS:
        words = words[:_MOST_WORDS]
    if any(map(text.__contains__, digits)) or (not text.isascii() and _DIGIT.search(text)):
        words = [word for word in words if word[0].isalpha() or not _NUMBER_OF_A_LIST(word)]
    if _FEWEST_IN_PERIODS <= len(words) < _FEWEST_WORDS:
        return _in_periods(words)
    if len(words) < _FEWEST_WORDS or len(set(words)) > (1 - most) * len(words) + _RUN:
        return None
    return _repeated(words, _RUN, " ", most) or _dominated(text, words) or _compressed(text)


def _has_word_of(length: int, text: str) -> bool:
    """Whether a word of the text has so many characters or more; most texts need three looks and not one a word."""
    start = 0
    while start + length <= len(text):
        space = text.rfind(" ", start, start + length)
        if space < 0:
            return True
        start = space + 1
    return False


def _in_periods(words: list[str]) -> str | None:
    bare = [word.strip(_PUNCTUATION) for word in words]
    for size in range(2, len(bare) // _FEWEST_PERIODS + 1):
        if bare[size:] == bare[:-size]:
            return f"{' '.join(bare[:size])!r} {len(bare) // size} times, and nothing else"
    return None


def _repeated(words: list[str], size: int, joint: str, most: float) -> str | None:
    positions = len(words) - size + 1
    if positions < 1:
        return None
    repeated = 0
    for searched in (words[: ceil(_FIRST_LOOK * (1 - most) * len(words))], words):
        repeated = positions - len(set(ngrams(searched, size)))
        if repeated < most * positions:
            return None
    run, count = Counter(ngrams(words, size)).most_common(1)[0]
    return f"{repeated / positions:.0%} is repeated, {joint.join(run)[:_QUOTED]!r} {count} times"


def _dominated(text: str, words: list[str]) -> str | None:
    fewest = max(_FEWEST_TIMES, _ONE_WORD * len(words))
    if max(Counter(words).values()) + sum(map(text.count, filter(text.__contains__, _PUNCTUATION))) < fewest:
        return None  # most texts end here: a word counts more often without punctuation, but by no more than there is
    bare = [word.strip(_PUNCTUATION) for word in words]
    word, count = next((entry for entry in Counter(bare).most_common() if _HAS_LETTER(entry[0])), ("", 0))
    if count < fewest:
        return None
    in_a_row = sum(one == other == word for one, other in pairwise(bare))
    if 2 * count < len(words) and 2 * in_a_row < count:
        return None
    return f"{word[:_QUOTED]!r} {count} times in {len(words)} words"


def _compressed(text: str) -> str | None:
    """The compression ratio, by characters, so that it means the same in every script."""
    if len(text) < _LONG:
        return None
    part = text[:_LONGEST]
    ratio = len(zlib.compress(part.encode(), 6)) / len(part)
    return f"compresses to {ratio:.2f} bytes a character" if ratio < _RATIO else None
