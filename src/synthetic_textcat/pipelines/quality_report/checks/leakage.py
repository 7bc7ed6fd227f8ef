"""Label leakage: a text that names a label as a word, an inflected form, or within a script without spaces.

All texts and labels are normalised ones.

**Whole word.** Neither letters nor combining marks stand next to it. Between the words of a label any space, hyphen or
underscore counts as one, so that `technical_support` is named by "technical support".

**No spaces.** Where a label begins or ends with a letter of a script that sets none between words (Chinese, Japanese,
Thai, Lao, Khmer, Burmese), anything may stand beside it there. Such letters also end a word of another script. A label
of one such character is looked for as a whole word only: nearly every long text holds it within another word.

**Inflected.** The label's last word may have an ending, in the languages of `_SNOWBALL`.

**Long.** A label of more than 200 characters is looked for in its very words: with anything between a thousand of them,
each word of a text that repeats itself would take a thousand steps.

A wrong answer costs a paid row, so two things must hold. The words share their stem by Snowball's rules for the
language, which knows that 'news' is none of 'new'. And the word is the label with a common ending, since Snowball puts
words of different sense together too: 'positive' and 'position', 'minor' and 'minority', 'generic' and 'generous'.

Only languages in which this looked safe are served: of some 350 such pairs in English source text and 460 in Django's
messages of other languages, read by eye in samples, six were no forms of one word, four of them abbreviations.
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

_FEWEST_ENGLISH, _FEWEST = 3, 5  # letters of a label: 'Ware' and 'waren', 'port' and 'porte' are no kin
_LONGEST_ENDING = 2
_ENDINGS = frozenset({"s", "es", "ed", "ing"})
_DOUBLING = frozenset({"ed", "ing"})  # plan: planned, planning
_AFTER_E = frozenset({"es", "ed", "ing"})  # cause: caused, causing
_AFTER_Y = frozenset({"ies", "ied"})


class _Sought(NamedTuple):
    """A label as it is looked for.

    Attributes:
        sign: What a text must hold to be looked at closely.
        words: Matches the label with any ending; its last word is the group `word`.
        last: The label's last word.
        begins_loosely: Whether anything may stand before it.
    """

    sign: str
    words: regex.Pattern[str]
    last: str
    begins_loosely: bool


def find_label_mention(text: str, label: str, language: str | None) -> str | None:
    """The words of the text that name the label, or None.

    Args:
        text: Normalised.
        label: Normalised.
        language: The text's, as asked, by name or code; without one only the label's very words count.
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
    """Whether the very label is in the text, and no letter of a word goes on beside it."""
    loose_start, loose_end = is_unspaced(label[0]), is_unspaced(label[-1])
    start = text.find(label)
    while start >= 0:
        end = start + len(label)
        before, after = text[start - 1 : start] if not loose_start else "", text[end : end + 1] if not loose_end else ""
        if not any(map(_IS_LETTER.match, (before, after))) and not _is_cut(text, 0 if loose_start else start, end):
            return True
        start = text.find(label, end)  # not from within it: a text that repeats itself would be gone through many times
    return False


@lru_cache(maxsize=65_536)
def _sought(label: str) -> _Sought:
    parts = regex.split(_BETWEEN, label)
    words = parts if all(parts) else [label]  # what is all hyphens has no words
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
    """Whether a combining mark stands beside the words: it is a word's own, though no letter."""
    return _is_mark(text[start - 1 : start]) or _is_mark(text[end : end + 1])


def _is_mark(neighbour: str) -> bool:
    return bool(neighbour) and unicodedata.category(neighbour).startswith("M")


def stem_of_endings(label: str) -> str:
    """With what every inflected form of the word begins: the label less a final e or y."""
    return label[:-1] if len(label) > _FEWEST_ENGLISH and label[-1] in "ey" else label


@lru_cache(maxsize=65_536)
def is_inflected(word: str, label: str, language: str) -> bool:
    """Whether the word is the label with an ending.

    Args:
        word: One word of a text, normalised.
        label: One word, normalised.
        language: Of the text, by name or code.
    """
    code = find_language(language).code
    if code not in _SNOWBALL or not label.isalpha() or not word.isalpha():
        return False
    fits = _has_english_ending(word, label) if code == _ENGLISH else _has_short_ending(word, label)
    return fits and _stem(word, _SNOWBALL[code]) == _stem(label, _SNOWBALL[code])


def _has_english_ending(word: str, label: str) -> bool:
    """With a final e dropped, a final y turned into i, a final consonant doubled."""
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
