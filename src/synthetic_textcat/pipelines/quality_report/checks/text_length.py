"""Length of texts against the range of words or characters that was asked for.

Words are counted as the report counts them (`text.words.counted`), in scripts without spaces by ICU's word breaks.
Characters are those that a reader counts, spaces included. Neither is known of words in Burmese by the font encoding
Zawgyi, or in scripts without spaces for which ICU has no dictionary.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.languages import find_language, has_spaces
from synthetic_textcat.schemas.lengths import CHARACTERS, length_of, shown_length
from synthetic_textcat.text.segments import characters, words_by_icu
from synthetic_textcat.text.unicode import WITHOUT_WORDS
from synthetic_textcat.text.words import COUNTS, counts_of

UNKNOWN = -1
"""Length of a text whose words can't be counted."""

_SPARE = 1.5  # pieces between spaces may be several words, or none
_LETTERS_OF_A_WORD = 10  # characters, more than words of scripts without spaces have on average
_FONT_ENCODED = "my-x-zawgyi"

_Words = Literal["spaced", "by ICU", "unknown"]


def find_wrong_length(
    text: str,
    pieces: int,
    num_words: str | None,
    language: str | None,
    factor: float | None,
    word_count: Callable[[], int],
) -> str | None:
    """The length of a text that misses the requested range by more than a factor; None for any other.

    Args:
        text: As the model wrote it.
        pieces: Number of its pieces between spaces.
        num_words: As asked, a value of the attribute; None = not judged.
        language: As asked; None = not judged.
        factor: Of the range's bounds; None = not judged.
        word_count: Counts the text's words, which takes far longer than a look at its length.
    """
    if not num_words or (bounds := _bounds_of(num_words, language, factor)) is None:
        return None
    if bounds.measured_by == CHARACTERS:
        measured = characters(text)
    elif bounds.need_count(text, pieces):
        measured = word_count()
    else:
        return None
    return None if bounds.hold(measured) else f"asked for {shown_length(num_words)}, has {measured}"


def needs_count(text: str, pieces: int, num_words: str | None, language: str | None, factor: float | None) -> bool:
    """Whether `find_wrong_length` counts the words of a text with so many pieces between spaces."""
    bounds = _bounds_of(num_words, language, factor) if num_words else None
    return bounds is not None and bounds.need_count(text, pieces)


class _Bounds(NamedTuple):
    """Bounds beyond which a length is off.

    Attributes:
        measured_by: Its unit, or how words of the language are counted.
        least: Fewest words or characters.
        most: Most of them.
    """

    measured_by: str
    least: float
    most: float

    def hold(self, measured: int) -> bool:
        """Whether a length is within them."""
        return self.least <= measured <= self.most

    def need_count(self, text: str, pieces: int) -> bool:
        """Whether a text with so many pieces between spaces may have more or fewer words."""
        if self.measured_by == "spaced":
            return pieces / _SPARE < self.least or _SPARE * pieces > self.most
        is_by_icu = self.measured_by == "by ICU"
        return is_by_icu and (len(text) / _LETTERS_OF_A_WORD < self.least or len(text) > self.most)


@lru_cache(maxsize=4096)
def _bounds_of(num_words: str, language: str | None, factor: float | None) -> _Bounds | None:
    """The bounds of what was asked for, with the factor; None where it is not judged, or can't be measured."""
    length = length_of(num_words)
    if factor is None or length is None or language is None:
        return None
    measured_by = CHARACTERS if length.unit == CHARACTERS else _words_of(language)
    most = inf if length.upper is None else length.upper * factor
    return None if measured_by == "unknown" else _Bounds(measured_by, length.least / factor, most)


def count_words(texts: Sequence[str], languages: Sequence[str | None]) -> list[int]:
    """Number of words of each text in its language; `UNKNOWN` where they can't be counted."""
    words = counts_of(texts)[:, COUNTS.index("words")]
    counts: list[int] = measured_lengths(texts, languages, ["at least 1"] * len(texts), words).tolist()
    return counts


def measured_lengths(
    texts: Sequence[str], languages: Sequence[str | None], num_words: Sequence[str], words: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Length of each text in the unit that was asked for; `UNKNOWN` where it can't be counted.

    Args:
        texts: As the model wrote them.
        languages: As asked; None = one with spaces between words.
        num_words: As asked.
        words: Words of each text, counted as in languages with spaces.
    """
    lengths, is_other = words.copy(), np.zeros(len(texts), np.bool_)
    for values, is_usual in ((languages, _has_spaces), (num_words, _is_in_words)):
        codes, known = pd.factorize(np.array(values, object))
        is_other |= ~np.array([*map(is_usual, known), True], np.bool_)[codes]
    for place in np.flatnonzero(is_other).tolist():
        lengths[place] = _measured(texts[place], languages[place], num_words[place], int(words[place]))
    return lengths


def _has_spaces(language: str) -> bool:
    return _words_of(language) == "spaced"


def _is_in_words(num_words: str) -> bool:
    length = length_of(num_words)
    return length is not None and length.unit != CHARACTERS


def _measured(text: str, language: str | None, num_words: str, words: int) -> int:
    length = length_of(num_words)
    if length is None:
        return UNKNOWN
    if length.unit == CHARACTERS:
        return characters(text)
    match _words_of(language) if language else "spaced":
        case "spaced":
            return words
        case "by ICU":
            return words_by_icu([text])[0]
    return UNKNOWN


@lru_cache(maxsize=1024)
def _words_of(language: str) -> _Words:
    found = find_language(language)
    if found.code == _FONT_ENCODED or found.script in WITHOUT_WORDS:
        return "unknown"
    return "spaced" if has_spaces(language) else "by ICU"
