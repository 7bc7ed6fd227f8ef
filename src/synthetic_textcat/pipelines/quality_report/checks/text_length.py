"""Length of texts against the range of words or characters that was asked for.

Words are counted as the report counts them (`text.words.counted`), in scripts without spaces by ICU's word breaks.
Characters are those that a reader counts, spaces included. Neither is known of words in Burmese by the font encoding
Zawgyi, or in scripts without spaces for which ICU has no dictionary.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.languages import find_language, has_spaces
from synthetic_textcat.schemas.lengths import CHARACTERS, Length, length_of, shown_length
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
    length = length_of(num_words) if num_words else None
    if factor is None or length is None or language is None or num_words is None:
        return None
    if length.unit == CHARACTERS:
        measured = characters(text)
    elif needs_count(text, pieces, num_words, language, factor):
        measured = word_count()
    else:
        return None
    is_off = measured < length.least / factor or (length.upper is not None and measured > length.upper * factor)
    return f"asked for {shown_length(num_words)}, has {measured}" if is_off else None


def needs_count(text: str, pieces: int, num_words: str | None, language: str | None, factor: float | None) -> bool:
    """Whether `find_wrong_length` counts the words of a text with so many pieces between spaces."""
    length = length_of(num_words) if num_words else None
    if factor is None or length is None or language is None or length.unit == CHARACTERS:
        return False
    match _words_of(language):
        case "spaced":
            return _is_near(_SPARE * pieces, pieces / _SPARE, length, factor)
        case "by ICU":
            return _is_near(len(text), len(text) / _LETTERS_OF_A_WORD, length, factor)
    return False


def _is_near(most: float, fewest: float, length: Length, factor: float) -> bool:
    """Whether a length between these numbers may be off."""
    within = fewest >= length.least / factor and (length.upper is None or most <= length.upper * factor)
    return not within


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
