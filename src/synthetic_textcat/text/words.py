"""Words of texts: located for measures of diversity, as features of linear models, as n-grams, and counted."""

import re
import string
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import regex
from numpy.typing import NDArray

from synthetic_textcat.text.unicode import UNSPACED, composed, is_unspaced

_SPACED_PIECE = re.compile(r"\S+")
_PIECE = regex.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_PUNCTUATION = string.punctuation + "“”‘’„‚«»‹›…—–¡¿·、。〈〉《》「」『』【】।॥،؛؟։።၊။។"  # noqa: RUF001

_SEPARATORS = (
    r"!-/:-@\[-`{-~"  # ASCII
    r"\u00a1-\u00bf\u2010-\u206f"  # Latin quotes, dashes, dots
    r"\u060c\u061b\u061f\u06d4\u0964\u0965"  # Arabic and Indian stops
    r"\u3000-\u303f\uff00-\uff0f\uff1a-\uff20"  # Chinese and Japanese
)
_FEATURE = re.compile(rf"[^\s{_SEPARATORS}]+")  # and not \w, which breaks words at the vowel signs of many scripts

COUNTS = ("words", "long_words", "sentences")
_LONG = 6  # letters: a long word has more
_LETTER, _IN_WORD, _JOINER, _END = 1, 2, 4, 8
_JOINERS = "'’-‐‑·.,׳״\u00ad\u200c\u200d"  # noqa: RUF001
_ENDS = ".!?…:"
_ASCII, _FREQUENT = 256, 0x3000  # code points: the kinds of all take a third of a second
_AT_ONCE = 2_000  # texts: their characters as numbers fit the processor's cache
_THREADS = 2  # more wait for one another: half of the time NumPy needs no lock of the interpreter


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        form: NFKC, case folded, without the punctuation around it.
        end: Where it ends in the text, with the punctuation.
    """

    form: str
    end: int


def located_words(text: str) -> list[Word]:
    """Words separated by white space; each character of a script that is written without spaces is one."""
    piece = _PIECE if is_unspaced(text) else _SPACED_PIECE  # the plain one is three times as fast
    pieces = ((_form(match[0]), match.end()) for match in piece.finditer(text))
    return [Word(form, end) for form, end in pieces if form]


@lru_cache(maxsize=1 << 16)
def _form(piece: str) -> str:
    return composed(piece).casefold().strip(_PUNCTUATION)


def word_features(text: str) -> list[str]:
    """Pieces between spaces and punctuation, case folded; a script without spaces gives pairs of characters.

    Single letters from a to z are what an apostrophe leaves over, and no words.
    """
    pieces = [piece for piece in _FEATURE.findall(text.casefold()) if len(piece) > 1 or not "a" <= piece <= "z"]
    if not is_unspaced(text):
        return pieces
    return [part for piece in pieces for part in _parts(piece)]


def _parts(piece: str) -> list[str]:
    if len(piece) < 3 or not is_unspaced(piece):
        return [piece]
    return [piece[start : start + 2] for start in range(len(piece) - 1)]


def counted(texts: pd.Series) -> pd.DataFrame:
    """Counts for each text, columns `COUNTS`, with the index of `texts`: a million texts of 300 characters in seconds.

    A word is a run of letters, digits and combining marks; an apostrophe, hyphen, point or similar character between
    two of these belongs to it. So "it's", "well-known" and "3.5" are one word each, and a lone dash is none. Texts of
    scripts without spaces have no words in this sense (`schemas.languages.has_spaces`).

    A long word has more than six letters. A sentence contains a word and ends in a full stop, colon, question or
    exclamation mark or ellipsis that no word directly follows. This follows Björnsson (1968) without his rule on
    capital letters, which would count every name.
    """
    return pd.DataFrame(counts_of(texts.tolist()), index=texts.index, columns=list(COUNTS))


def counts_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """The counts of `counted` as an array, a row per text: of one text, a table would cost more than counting."""
    if len(texts) <= _AT_ONCE:
        return _counted(texts)
    parts = [texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)]
    with ThreadPoolExecutor(_THREADS) as threads:
        return np.concatenate([*threads.map(_counted, parts)])


def _counted(texts: Sequence[str]) -> NDArray[np.int64]:
    """Counts as an array with one row per text; a line break before each text keeps words from crossing texts.

    Of the characters only words' bounds, joiners, ends of sentences and the few other signs within words are looked at.
    """
    kinds = _kinds_of("\n" + "\n".join(texts) + "\n")
    in_word = (kinds & _IN_WORD) > 0
    joiners = np.flatnonzero(kinds & _JOINER)
    in_word[joiners[in_word[joiners - 1] & in_word[joiners + 1]]] = True
    edges = np.flatnonzero(in_word[1:] != in_word[:-1]) + 1
    starts, stops = edges[::2], edges[1::2]
    bounds = np.searchsorted(starts, np.cumsum([0, *(len(text) + 1 for text in texts)]))
    counts = np.zeros((len(texts), len(COUNTS)), np.int64)
    counts[:, 0] = np.diff(bounds)
    texts_of = np.repeat(np.arange(len(texts)), counts[:, 0])
    long = np.flatnonzero(stops - starts > _LONG)
    others = np.flatnonzero(in_word & ((kinds & _LETTER) == 0))
    letters = stops[long] - starts[long] - np.diff(np.searchsorted(others, (starts[long], stops[long])), axis=0)[0]
    counts[:, 1] = np.bincount(texts_of[long[letters > _LONG]], minlength=len(texts))
    is_new = np.zeros(len(starts) + 1, np.bool_)
    is_new[np.searchsorted(starts, _ends_of_sentences(kinds, in_word))] = True
    is_new[bounds[:-1]] = True
    counts[:, 2] = np.bincount(texts_of[is_new[:-1]], minlength=len(texts))
    return counts


def _ends_of_sentences(kinds: NDArray[np.uint8], in_word: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Positions of end characters that neither a word nor another end character follows."""
    ends = np.flatnonzero((kinds & _END) > 0)
    ends = ends[~in_word[ends]]
    following = ends + 1
    is_end = ((kinds[following] & _END) > 0) & ~in_word[following]
    last: NDArray[np.intp] = ends[~in_word[following] & ~is_end]
    return last


def _kinds_of(joined: str) -> NDArray[np.uint8]:
    """Kind of each character."""
    if joined.isascii():
        return np.frombuffer(joined.encode("ascii").translate(_kinds(_ASCII).tobytes()), np.uint8)
    points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    return _kinds(_FREQUENT if points.max() < _FREQUENT else sys.maxunicode + 1)[points]


@cache
def _kinds(number: int) -> NDArray[np.uint8]:
    """Kinds of the first code points, by their Unicode categories."""
    of_category = {"L": _LETTER | _IN_WORD, "M": _IN_WORD, "N": _IN_WORD}
    categories = map(unicodedata.category, map(chr, range(number)))
    kinds = np.fromiter((of_category.get(category[0], 0) for category in categories), np.uint8, number)
    for characters, kind in ((_JOINERS, _JOINER), (_ENDS, _END)):
        for character in filter(lambda character: ord(character) < number, characters):
            kinds[ord(character)] |= kind
    return kinds


def ngrams(words: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """The n-grams of a text: each run of `size` words, in order."""
    return zip(*(words[start:] for start in range(size)), strict=False)
