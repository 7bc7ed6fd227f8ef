"""Label leakage: a text that names a label as a word, an inflected form, or within a script without spaces.

All texts and labels are normalised.

**Whole word.** No letter or combining mark is adjacent. Spaces, hyphens and underscores between the words of a label
are interchangeable, so "technical support" names `technical_support`.

**No spaces.** Where a label begins or ends with a letter of a script without spaces between words (Chinese, Japanese,
Thai, Lao, Khmer, Burmese), any character may be adjacent there. Such letters also end a word of another script. A label
of a single such character must match as a whole word: nearly every long text contains it within another word.

**Inflected.** The label's last word may have an ending, in the languages of `_SNOWBALL`.

**Long.** A label of more than 200 characters must match literally: with flexible separators between a thousand words,
each word of a repetitive text would take a thousand steps.

A false positive costs a paid row, so an inflected form must meet two conditions. Both words have the same stem by
Snowball's rules for the language, which separate 'news' from 'new'. And the word is the label plus a common ending,
since Snowball also conflates words of different meaning: 'positive' and 'position', 'minor' and 'minority', 'generic'
and 'generous'.

Only languages in which this proved safe are covered: of some 350 such pairs in English source text and 460 in Django's
messages of other languages, read by eye in samples, six were not forms of one word, four of them abbreviations.
"""

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import regex

from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.text.unicode import UNSPACED, is_unspaced

if TYPE_CHECKING:
    from snowballstemmer.basestemmer import BaseStemmer

_BETWEEN = r"[\s_\-\u2010-\u2015]+"
_LETTER = rf"[^\W{UNSPACED}]"
_IS_LETTER = regex.compile(_LETTER)
_LONGEST_PATTERN = 200  # characters of a label
_ENGLISH = "en"
_SNOWBALL = {
    _ENGLISH: "english",
    "de": "german",
    "nl": "dutch",
    "es": "spanish",
    "fr": "french",
    "pt": "portuguese",
    "sv": "swedish",
    "da": "danish",
    "no": "norwegian",
}
"""Language code -> Snowball's name of its algorithm."""

_FEWEST_ENGLISH, _FEWEST = 3, 5  # letters of a label: 'Ware' and 'waren', 'port' and 'porte' are unrelated
_LONGEST_ENDING = 2
_ENDINGS = frozenset({"s", "es", "ed", "ing"})
_DOUBLING = frozenset({"ed", "ing"})  # plan: planned, planning
_AFTER_E = frozenset({"es", "ed", "ing"})  # cause: caused, causing
_AFTER_Y = frozenset({"ies", "ied"})


class _Sought(NamedTuple):
    """Compiled search pattern of a label.

    Attributes:
        sign: Substring that a text must contain, as a fast filter.
        words: Matches the label with any ending; its last word is the group `word`.
        last: The label's last word.
        begins_loosely: Whether any character may precede it.
    """

    sign: str
    words: regex.Pattern[str]
    last: str
    begins_loosely: bool


def find_label_mention(text: str, label: str, language: str | None) -> str | None:
    """First mention of the label in the text, or None.

    Args:
        text: Normalised.
        label: Normalised.
        language: Requested language of the text, name or code; without it, inflected forms do not count.
    """
    if len(label) > _LONGEST_PATTERN:
        return label if _stands_in(text, label) else None
    sought = _sought(label)
    if not label or sought.sign not in text:
        return None
    for match in sought.words.finditer(text):
        word = match["word"]
        if _is_cut(text, 0 if sought.begins_loosely else match.start(), match.end()):
            continue
        if word == sought.last or (language is not None and is_inflected(word, sought.last, language)):
            return str(match[0])
    return None


def _stands_in(text: str, label: str) -> bool:
    """Whether the text contains the label literally and as whole words."""
    loose_start, loose_end = is_unspaced(label[0]), is_unspaced(label[-1])
    start = text.find(label)
    while start >= 0:
        end = start + len(label)
        before, after = text[start - 1 : start] if not loose_start else "", text[end : end + 1] if not loose_end else ""
        if not any(map(_IS_LETTER.match, (before, after))) and not _is_cut(text, 0 if loose_start else start, end):
            return True
        start = text.find(label, end)  # not from within the match: a repetitive text would be scanned many times
    return False


@lru_cache(maxsize=65_536)
def _sought(label: str) -> _Sought:
    parts = regex.split(_BETWEEN, label)
    words = parts if all(parts) else [label]  # a label of hyphens only has no words
    *first, last = words
    alone = r"\w" if len(label) == 1 else _LETTER
    loose_start, loose_end = (len(label) > 1 and is_unspaced(end) for end in (label[:1], label[-1:]))
    stem = last if loose_end else stem_of_endings(last)
    before = "" if loose_start else f"(?<!{alone})"
    after = "" if loose_end else f"{alone}*(?!{alone})"
    lead = "".join(regex.escape(word) + _BETWEEN for word in first)
    pattern = regex.compile(f"{before}{lead}(?P<word>{regex.escape(stem)}{after})")
    return _Sought(first[0] if first else stem, pattern, last, loose_start)


def _is_cut(text: str, start: int, end: int) -> bool:
    """Whether a combining mark is adjacent: it belongs to a word although it is not a letter."""
    return _is_mark(text[start - 1 : start]) or _is_mark(text[end : end + 1])


def _is_mark(neighbour: str) -> bool:
    return bool(neighbour) and unicodedata.category(neighbour).startswith("M")


def stem_of_endings(label: str) -> str:
    """Common prefix of all inflected forms: the label without a final e or y."""
    return label[:-1] if len(label) > _FEWEST_ENGLISH and label[-1] in "ey" else label


@lru_cache(maxsize=65_536)
def is_inflected(word: str, label: str, language: str) -> bool:
    """Whether the word is an inflected form of the label.

    Args:
        word: Word of a text, normalised.
        label: A single word, normalised.
        language: Language of the text, name or code.
    """
    code = find_language(language).code
    if code not in _SNOWBALL or not label.isalpha() or not word.isalpha():
        return False
    fits = _has_english_ending(word, label) if code == _ENGLISH else _has_short_ending(word, label)
    return fits and _stem(word, _SNOWBALL[code]) == _stem(label, _SNOWBALL[code])


def _has_english_ending(word: str, label: str) -> bool:
    """Whether the word is the label with an English ending: final e dropped, y changed to i, or consonant doubled."""
    if len(label) < _FEWEST_ENGLISH:
        return False
    if word.startswith(label):
        ending = word[len(label) :]
        return ending in _ENDINGS or ending.removeprefix(label[-1]) in _DOUBLING or (label[-1] == "e" and ending == "d")
    stem = stem_of_endings(label)
    return word[len(stem) :] in (_AFTER_E if label[-1] == "e" else _AFTER_Y)


def _has_short_ending(word: str, label: str) -> bool:
    return len(label) >= _FEWEST and word.startswith(label) and len(word) - len(label) <= _LONGEST_ENDING


def _stem(word: str, algorithm: str) -> str:
    stemmed: str = _stemmer(algorithm).stemWord(word)
    return stemmed


@cache
def _stemmer(algorithm: str) -> "BaseStemmer":
    from snowballstemmer import stemmer

    return stemmer(algorithm)
