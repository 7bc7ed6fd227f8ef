# ruff: noqa: RUF001  letters of many scripts
"""Forms of a word: inflected, with an attached article, preposition or particle, or within a compound.

Measured on a table of forms and of other words in most of these languages (docs/measurements.md).

**Endings.** The word and the label have a stem in common, of so many letters (`least`); what follows it in the label is
one of `drops`, `-` for nothing, and what follows it in the word a chain of at most `most` endings. What may stand
before the word, as the article does in Arabic and Hebrew, is in `prefixes`. All are in `word_endings.csv`, one row for
each way of inflecting. A list of endings is safer than a stemmer: Snowball also conflates words of different meaning
('positive' and 'position', 'minor' and 'minority'), and knows half of the languages. The rule works both ways: a label
may be the plural, or bear the article.

**Spelling.** Letters that change within the forms of a word count as one: Buch and Bücher, factuur and facturen.

**Compounds.** In languages that write compounds in one word, a label of 5 letters at the beginning or of 6 at the end
of one is named, if the rest is a word too by its length.

English has rules of its own, since its endings are few and spelling changes before them.

Words that are no forms although they look like it ('goods' of 'good') are in `other_words.csv`, and words of grammar
('waren', were, of 'Ware', goods) in `everyday_words.csv`.

**Stems** are short strings of which each form of a word contains one. A text without any of them names no form of the
word, and `in` finds that out in a hundredth of the time that it takes to compare its words one by one. They follow from
these rules:

- English: the word less the letters that an ending replaces (`cit` of cities).
- Endings: a form begins with the first `least` letters of the word, or contains these in a compound.
- Spelling: each of these letters stands for all letters that count as it (`bu`, `bü` and `bue` of Buch).

Only Latin letters are considered: elsewhere there are prefixes, and letters that depend on their neighbours.
"""

import csv
import re
import string
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import product
from typing import NamedTuple

from synthetic_textcat.text.comparison import comparable

ENGLISH = "en"
_NONE = "-"  # stands for an empty ending in the table
_FEWEST_ENGLISH = 3  # letters of a label
_ENDINGS = frozenset({"s", "es", "ed", "ing", "ly", "ally"})
_DOUBLING = frozenset({"ed", "ing"})  # plan: planned, planning
_AFTER_E = frozenset({"es", "ed", "ing", "y"})  # cause: caused, causing; simple: simply
_AFTER_Y = frozenset({"ies", "ied", "ily"})
_NOT_PLURAL = ("ss", "us", "is", "ics", "news")

COMPOUNDING = frozenset({"de", "nl", "sv", "da", "no", "fi", "hu", "et"})
_FEWEST_AT_THE_START, _FEWEST_AT_THE_END = 5, 6  # letters of a label in a compound: 'Sport' is in 'Transport'
_LEAST_OF_A_CHAIN = 2  # letters: 'korku' (fear) is no form of 'kork'
_FEWEST_OF_A_BARE_WORD = 3  # letters
_NO_FIRST_PARTS = frozenset({"uber", "unter", "hinter", "durch", "nieder", "wider", "over", "onder", "under", "efter"})
_FEWEST_OF_THE_REST = 4  # letters of the other part: 'Be' and 'ver' are prefixes, not words

SPELLINGS = {
    "de": (("ä|(?<![aeiou])ae", "a"), ("ö|(?<![aeiou])oe", "o"), ("ü|(?<![aeiouq])ue", "u")),
    "nl": (("([aeou])\\1", "\\1"), ("([bdfgklmnprst])\\1", "\\1"), ("z", "s"), ("v", "f")),
    "es": (("á", "a"), ("é", "e"), ("í", "i"), ("ó", "o"), ("ú", "u")),
    "pt": (("á", "a"), ("é", "e"), ("í", "i"), ("ó", "o"), ("ú", "u"), ("ê", "e"), ("ô", "o")),
    "ca": (("à", "a"), ("[éè]", "e"), ("í", "i"), ("[óò]", "o"), ("ú", "u")),
    "gl": (("á", "a"), ("é", "e"), ("í", "i"), ("ó", "o"), ("ú", "u")),
    "hu": (("á", "a"), ("é", "e")),
    "pl": (("ó", "o"), ("ą", "ę")),
    "fi": (("([kpt])\\1", "\\1"),),
    "tr": (("ğ", "k"), ("b", "p"), ("d", "t"), ("c", "ç")),
    "az": (("ğ", "q"), ("y(?=[iə])", "k")),
    "kk": (("г", "к"), ("ғ", "қ"), ("б", "п")),
    "ky": (("г", "к"), ("б", "п")),
    "he": (("ך", "כ"), ("ם", "מ"), ("ן", "נ"), ("ף", "פ"), ("ץ", "צ")),
}
"""Changes within a word's forms, as patterns of letters that count as one: Buch and Bücher, factuur and facturen."""


ALTERNATING = "aäoöuüeéèêiíàáâóòôúąębpcçdtgğkqszvfгкғқбп"  # the letters of these patterns that begin a word

_LATIN = re.compile("[\x00-\x7f\u00a0-\u024f\u2000-\u206f\u20ac]*")
_MOST = 24  # stems of a word: more take as long as the comparison of the words
_REPLACED = (("ies", 3), ("ing", 3), ("es", 2), ("s", 1), ("e", 1), ("y", 1))
"""English endings of a label, and how many of its letters a form may lack."""

_DEPENDS_ON_WHAT_FOLLOWS = "(?="


class Inflection(NamedTuple):
    """Inflection of a language.

    Attributes:
        least: Fewest letters of a stem.
        drops: What a label may lose before an ending.
        endings: A chain of endings.
        comes_in_chains: Whether several endings may follow one another.
        prefixes: What may stand before a word.
    """

    least: int
    drops: tuple[str, ...]
    endings: re.Pattern[str]
    comes_in_chains: bool
    prefixes: tuple[str, ...]


@lru_cache(maxsize=1 << 17)
def is_form(word: str, label: str, code: str | None) -> bool:
    """Whether the word is a form of the label.

    Args:
        word: Word of a text, in its comparison form.
        label: A single word, in its comparison form.
        code: Code of the language; None if unknown: only equal words are forms then.
    """
    if word == label:
        return True
    if code is None or word in everyday_words(code) or _is_another_word(word, label, code):
        return False
    if code == ENGLISH:
        return _is_english_form(word, label)
    word, label = spelling_key(word, code), spelling_key(label, code)
    if any(_is_inflected(word, label, each) or _is_base(word, label, each) for each in inflections_of(code)):
        return True
    return code in COMPOUNDING and _is_compound(word, label)


@lru_cache(maxsize=1 << 14)
def initial_of(label: str, code: str | None) -> str:
    """The letters with which a form of the label may begin, unless it has something before it."""
    initial = label[0]
    same = (
        each for each in ALTERNATING if code is not None and spelling_key(each, code) == spelling_key(initial, code)
    )
    return initial + "".join(same)


@lru_cache(maxsize=1 << 14)
def core_of(label: str, code: str | None) -> str | None:
    """Core of a label, part of each of its forms with a prefix; None where the language has no prefixes."""
    if code in COMPOUNDING:
        return label[1:4]
    prefixes = _prefixes().get(code) if code is not None else None
    if prefixes is None:
        return None
    bare = [label[len(prefix) :] for prefix in prefixes if label.startswith(prefix)]
    return min((each for each in bare if len(each) >= _FEWEST_OF_A_BARE_WORD), key=len, default=label)[1:4]


@cache
def _prefixes() -> dict[str, tuple[str, ...]]:
    return {code: found[0].prefixes for code, found in _inflections().items() if len(found[0].prefixes) > 1}


@cache
def everyday_words(code: str) -> frozenset[str]:
    """Words of grammar in the language, which say nothing about a text."""
    rows = (row for row in _rows("everyday_words.csv") if row["language"] == code)
    return frozenset(word for row in rows for word in _listed(row["words"], code))


def _is_another_word(word: str, label: str, code: str) -> bool:
    others = _other_words(code)
    return word in others.get(label, ()) or label in others.get(word, ())


@cache
def _other_words(code: str) -> dict[str, frozenset[str]]:
    """Label → words that look like its forms."""
    rows = [row for row in _rows("other_words.csv") if row["language"] == code]
    return {comparable(row["label"], code): frozenset(_listed(row["words"], code)) for row in rows}


def _rows(file: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _listed(words: str, code: str) -> list[str]:
    return [comparable(word, code) for word in words.split()]


def inflections_of(code: str) -> Sequence[Inflection]:
    """The ways in which the language inflects; none, if it is not in the table."""
    return _inflections().get(code, ())


@cache
def _inflections() -> dict[str, list[Inflection]]:
    found: dict[str, list[Inflection]] = {}
    for row in _rows("word_endings.csv"):
        found.setdefault(row["language"], []).append(_inflection(row))
    return found


def _inflection(row: dict[str, str]) -> Inflection:
    drops, endings, prefixes = (
        {spelling_key(part.strip(_NONE), row["language"]) for part in _listed(row[column], row["language"])}
        for column in ("drops", "endings", "prefixes")
    )
    chain = "|".join(re.escape(ending) for ending in sorted(endings, key=len, reverse=True) if ending)
    fewest = 0 if "" in endings else 1
    return Inflection(
        least=int(row["least"]),
        drops=tuple(drops),
        endings=re.compile(f"(?:{chain}){{{fewest},{row['most']}}}"),
        comes_in_chains=int(row["most"]) > 1,
        prefixes=("", *sorted(prefixes)),
    )


@lru_cache(maxsize=1 << 16)
def spelling_key(word: str, code: str) -> str:
    """The word with one spelling for the letters that change within its forms."""
    for pattern, replacement in SPELLINGS.get(code, ()):
        word = re.sub(pattern, replacement, word)
    return word


def _is_inflected(word: str, label: str, inflection: Inflection) -> bool:
    bare = [word[len(prefix) :] for prefix in inflection.prefixes if word.startswith(prefix)]
    stems = [label.removesuffix(drop) for drop in inflection.drops if label.endswith(drop)]
    return label in bare or any(
        rest.startswith(stem) and inflection.endings.fullmatch(rest, len(stem)) is not None
        for stem in stems
        if len(stem) >= inflection.least
        for rest in bare
    )


def _is_base(word: str, label: str, inflection: Inflection) -> bool:
    """Whether the label is a form of the word, and not by a single letter where endings come in chains."""
    is_short = len(label) - len(word) < _LEAST_OF_A_CHAIN and inflection.comes_in_chains
    return not is_short and _is_inflected(label, word, inflection)


def _is_compound(word: str, label: str) -> bool:
    rest = len(word) - len(label)
    if rest < _FEWEST_OF_THE_REST:
        return False
    if len(label) >= _FEWEST_AT_THE_START and word.startswith(label):
        return True
    return len(label) >= _FEWEST_AT_THE_END and word.endswith(label) and word[:rest] not in _NO_FIRST_PARTS


def _is_english_form(word: str, label: str) -> bool:
    if len(label) < _FEWEST_ENGLISH or not label.isalpha():
        return False
    return _has_english_ending(word, label) or _is_singular(word, label) or _is_verb_of(word, label)


def _has_english_ending(word: str, label: str) -> bool:
    """Whether the word is the label with an English ending: final e dropped, y changed to i, or consonant doubled."""
    if word.startswith(label):
        ending = word[len(label) :]
        if label.endswith("s") and not label.endswith(_NOT_PLURAL):
            return False  # of a plural there are no further forms
        return ending in _ENDINGS or ending.removeprefix(label[-1]) in _DOUBLING or (label[-1] == "e" and ending == "d")
    stem = label[:-1] if len(label) > _FEWEST_ENGLISH and label[-1] in "ey" else label
    return stem != label and word.startswith(stem) and word[len(stem) :] in (_AFTER_E if label[-1] == "e" else _AFTER_Y)


def _is_singular(word: str, label: str) -> bool:
    """Whether the label is the plural of the word."""
    if label.endswith(_NOT_PLURAL) or len(word) < _FEWEST_ENGLISH:
        return False
    return label in (f"{word}s", f"{word}es") or (word.endswith("y") and label == f"{word[:-1]}ies")


def _is_verb_of(word: str, label: str) -> bool:
    """Whether the label is the -ing form of the word, whose last letter it dropped or doubled, or of its -ed form."""
    stem = label.removesuffix("ing")
    if stem == label or len(stem) < _FEWEST_ENGLISH:
        return False
    return word in (f"{stem}e", f"{stem}es", f"{stem}ed")


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
    if code not in SPELLINGS:
        return {}
    letters = sorted({*string.ascii_lowercase, *ALTERNATING})
    found: dict[str, list[str]] = {}
    for written in (*letters, *map("".join, product(letters, repeat=2))):
        key = spelling_key(written, code)
        if len(key) == 1:
            found.setdefault(key, []).append(written)
    return found
