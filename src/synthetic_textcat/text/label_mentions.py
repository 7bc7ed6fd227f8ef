"""Mentions of a label in a text: as words, in another form of them, or within a script without spaces.

Texts and labels are compared in the normal form of their script (`text.comparison`), and their words by the rules of
the language (`text.word_forms`).

**Words.** A word is a run of letters, combining marks, digits and `_`; its neighbours are none of these. Between the
words of a label spaces, hyphens and underscores are interchangeable, so "technical support" names `technical_support`;
other signs must be there: C is not C++.

**No spaces.** In Chinese, Japanese, Thai, Lao, Khmer and Burmese any character may be adjacent, but a label of a single
character must stand alone. Katakana ends where another script begins: ラン is no part of フランス. A long label in
katakana may also be a part of a compound.

**Capitals.** A word of a label in capitals, as IT or HR, is looked for in capitals; so is a single letter, but for one
that a hyphen or a slash joins to its neighbour, as in e-mail and T-shirt. A label that is a word of grammar of the
language, as May, No or Other, is named where it alone is between signs ("No, thanks"), or with its capital within a
sentence.

**Numbers.** A number is no part of another, of a time, a price or a percentage.

**Long.** A label of more than 200 characters must match literally: with flexible separators between a thousand words,
each word of a repetitive text would take a thousand steps.
"""

import re
from collections.abc import Collection, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex

from synthetic_textcat.text.comparison import canonical, comparable
from synthetic_textcat.text.unicode import UNSPACED, is_unspaced
from synthetic_textcat.text.word_forms import (
    ENGLISH,
    Stems,
    core_of,
    everyday_words,
    has_only_latin_letters,
    initial_of,
    is_form,
    stems_of,
)

_WORD = regex.compile(rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]+", regex.VERSION1)
_SPACED_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_ASCII_WORD = re.compile("[0-9A-Za-z]+")
_OF_A_WORD = regex.compile(rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{UNSPACED}]]", regex.VERSION1)
_OF_ANY_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]")
_MARK = regex.compile(r"\p{M}")
_KATAKANA = regex.compile(r"[\p{Katakana}\u30fc]")
_BETWEEN = re.compile(r"[\s_\-\u2010-\u2015]+")
_JOINS = frozenset("-/")
_MOST_SEARCHED = 20_000  # characters of a text, 3,000 words: one letter may become 18 in its normal form
_LONGEST_PATTERN = 200  # characters of a label
LONGEST_ACRONYM = 3  # letters: SPAM and POSITIVE are words, which also stand in small letters in texts
_LONG_KATAKANA = 4  # letters

_ALWAYS_A_CAPITAL = "I"
_ENDS_SENTENCE = ".!?…:。！？¿¡"  # noqa: RUF001
_OPENS = " \"'«»“”„‚‘’()[]"  # noqa: RUF001
_SIGN_BEFORE = regex.compile(r"(?:^|[\p{P}\p{S}])\s*\Z")
_SIGN_AFTER = regex.compile(r"\s*(?:\Z|[\p{P}\p{S}])")
_NUMBER_BEFORE = regex.compile(r"(?:\d[.,:/\-]|\p{Sc}\s?)\Z")
_NUMBER_AFTER = regex.compile(r"[.,:/\-]\d|\s?[%‰°\p{Sc}]")


class _Text:
    """A text as it is searched.

    Args:
        text: As written.
        code: Code of its language.

    Attributes:
        written: The text in canonical form, with its capitals.
        words: Its words as written.
        places: Comparison form of a word → positions among the words.
    """

    def __init__(self, text: str, code: str | None) -> None:
        self.written = canonical(text)
        self.words: Sequence[str] = _pattern_for(self.written).findall(self.written)
        self.places: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            self.places.setdefault(_form(word, code), []).append(place)
        self._all = "\n".join(self.places)

    def like(self, form: str, code: str | None) -> Collection[str]:
        """The text's words, in their comparison form, that may be forms of this one."""
        core = core_of(form, code)
        if core is not None and core in self._all:
            return self.places
        initial = initial_of(form, code)
        return [other for other in self.places if other[0] in initial]

    def is_joined(self, place: int) -> bool:
        """Whether a hyphen or a slash joins the word to its neighbour."""
        return _is_joined(self.written, *self.spans[place])

    @cached_property
    def spans(self) -> Sequence[tuple[int, int]]:
        """Where each word begins and ends."""
        return [found.span() for found in _pattern_for(self.written).finditer(self.written)]


class _Label(NamedTuple):
    """A label as it is looked for.

    Attributes:
        words: Its words as written.
        forms: Their comparison forms.
        before, after: Signs before its first and after its last word.
        between: Signs between its words; None for a separator that another may replace.
        joined: For each word, whether a hyphen or a slash joins it to its neighbour.
        is_everyday: Whether it is a single word of grammar.
        stems: Stems of its words; None where there are none.
    """

    words: Sequence[str]
    forms: Sequence[str]
    before: str
    after: str
    between: Sequence[str | None]
    joined: Sequence[bool]
    is_everyday: bool
    stems: Sequence[Stems | None]


def find_mention(text: str, label: str, code: str | None, compared: str | None = None) -> str | None:
    """First mention of the label in the text, in the text's spelling, or None.

    Args:
        text: As written. If it was normalised before, it has no capitals, and so names no label in capitals.
        label: As written. If it was normalised before, it is found in any case.
        code: Code of the text's language; without it, inflected forms do not count.
        compared: The text in its comparison form, if at hand: most texts are settled by it, in a tenth of the time.
    """
    sought = _sought(label, code)
    if not isinstance(sought, _Label):
        return _find_literally(_comparable(text[:_MOST_SEARCHED], code), sought) if sought else None
    if compared is not None and not _may_name(compared, sought):
        return None
    found = _find_words(_text_of(text[:_MOST_SEARCHED], code), sought, code)
    return None if found is None else _as_written(found, text)


def _as_written(mention: str, text: str) -> str:
    """A mention in the text's own spelling, which the normal form of its script may have changed."""
    if mention in text:
        return mention
    words = (found[0] for found in _pattern_for(text).finditer(text[:_MOST_SEARCHED]))
    return next((word for word in words if canonical(word) == mention), mention)


@lru_cache(maxsize=1 << 14)
def _sought(label: str, code: str | None) -> _Label | str:
    """The label as its words, or in its comparison form where it is looked for literally; empty if it shows nothing."""
    sought = canonical(label)
    if len(sought) > _LONGEST_PATTERN or is_unspaced(sought) or _WORD.search(sought) is None:
        return comparable(sought, code) if sought else ""
    return _label_of(sought, code)


def _may_name(compared: str, label: _Label) -> bool:
    """Whether a text, in its comparison form, may have a form of each word of the label."""
    if all(stems is None or not stems.are_missing_in(compared) for stems in label.stems):
        return True
    return not has_only_latin_letters(compared)


def _pattern_for(written: str) -> "re.Pattern[str] | regex.Pattern[str]":
    """The fastest pattern of the words of this text."""
    if written.isascii():
        return _ASCII_WORD
    return _WORD if is_unspaced(written) else _SPACED_WORD


@lru_cache(maxsize=4)
def _text_of(text: str, code: str | None) -> _Text:
    return _Text(text, code)


_comparable = lru_cache(maxsize=4)(comparable)


@lru_cache(maxsize=1 << 16)
def _form(word: str, code: str | None) -> str:
    return comparable(word, code)


def _label_of(sought: str, code: str | None) -> _Label:
    found = list(_WORD.finditer(sought))
    signs = [sought[one.end() : other.start()] for one, other in pairwise(found)]
    words = [word[0] for word in found]
    forms = [_form(word, code) for word in words]
    return _Label(
        words=words,
        forms=forms,
        before=sought[: found[0].start()],
        after=sought[found[-1].end() :],
        between=[None if _BETWEEN.fullmatch(sign) else sign for sign in signs],
        joined=[_is_joined(sought, *word.span()) for word in found],
        is_everyday=sought == words[0] and forms[0] in everyday_words(code or ENGLISH),
        stems=[stems_of(form, code) if code is not None else None for form in forms],
    )


def _find_words(text: _Text, label: _Label, code: str | None) -> str | None:
    """The mention whose words are forms of the label's words, one by one."""
    each = zip(label.words, label.forms, label.joined, strict=True)
    places = [_places_of(word, form, is_joined, text, code) for word, form, is_joined in each]
    if not all(places):
        return None
    rarest = min(range(len(places)), key=lambda number: len(places[number]))
    others = [set(found) for found in places]
    for first in (place - rarest for place in places[rarest]):
        if all(first + number in found for number, found in enumerate(others)):
            spans = text.spans[first : first + len(label.words)]
            if _is_mention(text.written, spans, label):
                return text.written[spans[0][0] - len(label.before) : spans[-1][1] + len(label.after)]
    return None


def _places_of(word: str, form: str, is_joined: bool, text: _Text, code: str | None) -> list[int]:
    """Positions of the words that are forms of the label's word, in its capitals if it has such."""
    forms = [other for other in text.like(form, code) if is_form(other, form, code)]
    found = sorted(place for other in forms for place in text.places[other])
    if not _is_acronym(word):
        return found
    in_any_case = is_joined and len(word) == 1
    return [place for place in found if text.words[place].startswith(word) or (in_any_case and text.is_joined(place))]


def _is_joined(written: str, start: int, end: int) -> bool:
    return written[end : end + 1] in _JOINS or written[max(start - 1, 0) : start] in _JOINS


def _is_acronym(word: str) -> bool:
    return len(word) <= LONGEST_ACRONYM and word.isupper()


def _is_mention(written: str, spans: Sequence[tuple[int, int]], label: _Label) -> bool:
    start, end = spans[0][0], spans[-1][1]
    if not written.endswith(label.before, 0, start) or not written.startswith(label.after, end):
        return False
    if written[start - 1 : start] == "_" or written[end : end + 1] == "_":
        return False
    signs = [written[one[1] : other[0]] for one, other in pairwise(spans)]
    if not all(map(_is_separator, signs, label.between)):
        return False
    if label.is_everyday:
        return _stands_alone(written, start, end, label.words[0])
    return not _is_part_of_a_number(written, start, end, label)


def _is_separator(sign: str, expected: str | None) -> bool:
    return _BETWEEN.fullmatch(sign) is not None if expected is None else sign == expected


def _stands_alone(written: str, start: int, end: int, label: str) -> bool:
    """Whether a word of grammar is used as a name: between signs, or with the label's capital within a sentence."""
    if _SIGN_BEFORE.search(written[:start]) and _SIGN_AFTER.match(written, end):
        return True
    if written[start:end] != label or not label[0].isupper() or written.isupper():
        return False
    if len(label) > 1 and label.isupper():
        return True
    before = written[:start].rstrip(_OPENS)
    return bool(before) and before[-1] not in _ENDS_SENTENCE and label != _ALWAYS_A_CAPITAL


def _is_part_of_a_number(written: str, start: int, end: int, label: _Label) -> bool:
    if not written[start:end].isdecimal() or label.before or label.after:
        return False
    return bool(_NUMBER_BEFORE.search(written[:start]) or _NUMBER_AFTER.match(written, end))


def _find_literally(text: str, label: str) -> str | None:
    """The label's very characters, between words, or anywhere at an end in a script without spaces."""
    start = text.find(label)
    while start >= 0:
        end = start + len(label)
        if _is_bounded(text, start, end):
            return label
        start = text.find(label, end)  # not from within the match: a repetitive text would be scanned many times
    return None


def _is_bounded(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if _MARK.match(after):  # it belongs to the word although it is no letter
        return False
    if end - start == 1:
        return not (_OF_ANY_WORD.match(before) or _OF_ANY_WORD.match(after))
    begins = not _goes_on(text[start], before)
    ends = not _goes_on(text[end - 1], after)
    if end - start >= _LONG_KATAKANA and _KATAKANA.match(text[start]) and _KATAKANA.match(text[end - 1]):
        return begins or ends
    return begins and ends


def _goes_on(edge: str, neighbour: str) -> bool:
    """Whether the neighbour of a label's first or last character belongs to the same word."""
    if is_unspaced(edge):
        return bool(_KATAKANA.match(edge) and _KATAKANA.match(neighbour))
    return _OF_A_WORD.match(edge) is not None and _OF_A_WORD.match(neighbour) is not None
