"""Length of texts against the number of words that was asked for, by a factor.

Words are counted as the report counts them (`text.words.counted`). In scripts without spaces, letters are counted: a
word has between two numbers of them (`_LETTERS`), and a text is too short or too long only if it is by both.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.text.words import COUNTS, counts_of

_LETTERS = {
    "Hans": (1, 2),
    "Hant": (1, 2),
    "Jpan": (1, 3),
    "Thai": (3, 6),
    "Laoo": (3, 6),
    "Khmr": (3, 7),
    "Mymr": (3, 8),
}
"""ISO 15924 script -> letters and marks of a word: those of the shortest and of the longest common count.

Models count a Chinese character as a word (1) or as half of one (2). Thai: 4.4 a word in tuxpaint's and Evolution's
messages by ICU's word breaks, others by the same messages in English, which have 1.1 times as many words.
"""
_SPARE = 1.5  # pieces between spaces may be several words, or none
_BOUND = re.compile(r"(less than|at least) (\d+)")


class Bucket(NamedTuple):
    """A requested number of words.

    Attributes:
        least: Lower bound, included; 0 if there is none.
        below: Upper bound, excluded; None if there is none.
    """

    least: int
    below: int | None


def find_wrong_length(
    text: str,
    pieces: int,
    num_words: str | None,
    language: str | None,
    factor: float | None,
    word_count: Callable[[], int],
) -> str | None:
    """The length of a text that misses the requested bucket by more than a factor; None for any other.

    Args:
        text: As the model wrote it.
        pieces: Number of its pieces between spaces.
        num_words: As asked, a value of the attribute; None = not judged.
        language: As asked; None = not judged.
        factor: Of the bucket's bounds; None = not judged.
        word_count: Counts the text's words, which takes far longer than a look at its length.
    """
    bucket = _bucket(num_words) if num_words else None
    if factor is None or bucket is None or language is None:
        return None
    letters = _LETTERS.get(find_language(language).script)
    if letters is not None:
        length = sum(map(str.isalnum, text))
        is_off = _is_off(length / letters[0], length / letters[1], bucket, factor)
        return f"asked for {num_words} words, has {length} letters" if is_off else None
    if not _is_near(pieces, bucket, factor):
        return None
    words = word_count()
    return f"asked for {num_words} words, has {words}" if _is_off(words, words, bucket, factor) else None


def needs_count(pieces: int, num_words: str | None, language: str | None, factor: float | None) -> bool:
    """Whether `find_wrong_length` counts the words of a text with so many pieces between spaces."""
    bucket = _bucket(num_words) if num_words else None
    if factor is None or bucket is None or language is None or find_language(language).script in _LETTERS:
        return False
    return _is_near(pieces, bucket, factor)


def count_words(texts: Sequence[str]) -> list[int]:
    """Number of words of each text."""
    words: list[int] = counts_of(texts)[:, COUNTS.index("words")].tolist()
    return words


def _is_near(pieces: int, bucket: Bucket, factor: float) -> bool:
    """Whether the length is near a bound, or beyond it."""
    within = pieces >= _SPARE * bucket.least / factor and (
        bucket.below is None or _SPARE * pieces <= bucket.below * factor
    )
    return not within


def _is_off(most: float, fewest: float, bucket: Bucket, factor: float) -> bool:
    """Whether the length is off by both ways of counting it."""
    return most < bucket.least / factor or (bucket.below is not None and fewest > bucket.below * factor)


@cache
def _bucket(num_words: str) -> Bucket | None:
    match = _BOUND.fullmatch(num_words)
    if match is None:
        return None
    bound = int(match[2])
    return Bucket(0, bound) if match[1] == "less than" else Bucket(bound, None)
