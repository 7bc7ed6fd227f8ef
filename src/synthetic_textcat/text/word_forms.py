# ruff: noqa: RUF001  letters of many scripts
"""Forms of a word: inflected, with an attached article, preposition or particle, or within a compound.

A form is recognised by three rules, each for the languages in which it was measured (docs/report.md).

**Endings.** The word and the label have a stem in common, of so many letters; what follows it in the label is an ending
of nouns and adjectives (`drops`), and what follows it in the word a chain of at most `most` endings. What may stand
before the word, as the article does in Arabic and Hebrew, is in `prefixes`. All are in `word_endings.csv`.
Endings alone are safer than a stemmer: Snowball also conflates words of different meaning ('positive' and 'position').

**Stems.** Where both rules could apply, Snowball's stem decides about words with a longer ending than that: its forms
must have the whole label but its last letters.

**Compounds.** In languages that write compounds in one word, a label at the beginning or at the end of one is named.

English has rules of its own, since its endings are few and spelling changes before them.

Words that are no forms although they look like it ('goods' of 'good') are in `other_words.csv`, and words of grammar
('waren', were, of 'Ware', goods) in `everyday_words.csv`.
"""

import csv
import re
from functools import cache, lru_cache
from importlib import resources
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

_COMPOUNDING = frozenset({"de", "nl", "sv", "da", "no", "fi", "hu", "et"})
_FEWEST_AT_THE_START, _FEWEST_AT_THE_END = 5, 6  # letters of a label in a compound: 'Sport' is in 'Transport'
_FEWEST_OF_THE_REST = 4  # letters of the other part: 'Be' and 'ver' are prefixes, not words

_SPELLINGS = {
    "de": (("ä", "a"), ("ö", "o"), ("ü", "u")),
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


class _Inflection(NamedTuple):
    """How a language inflects.

    Attributes:
        least: Fewest letters of a stem.
        drops: What a label may lose before an ending, the longest first.
        endings: A chain of endings.
        prefixes: What may stand before a word.
    """

    least: int
    drops: tuple[str, ...]
    endings: re.Pattern[str]
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
    if code is None or word in everyday_words(code) or word in _other_words(code):
        return False
    if code == ENGLISH:
        return _is_english_form(word, label)
    inflection = _inflections().get(code)
    if inflection is None or not word[-1:].strip("0123456789"):
        return False
    word, label = spelling_key(word, code), spelling_key(label, code)
    return any(_is_inflected(rest, label, inflection) for rest in _without_prefix(word, inflection.prefixes)) or (
        code in _COMPOUNDING and _is_compound(word, label)
    )


def may_be_form(word: str, label: str, code: str | None) -> bool:
    """Whether `is_form` needs to be asked: a quick look at the first letters."""
    if code is None or code == ENGLISH:
        return word[:2] == label[:2]
    if word[:1] == label[:1] or label[1:4] in word:
        return True
    return code in _SPELLINGS and spelling_key(word[:1], code) == spelling_key(label[:1], code)


@cache
def everyday_words(code: str) -> frozenset[str]:
    """Words of grammar in the language, which say nothing about a text."""
    return _words_of("everyday_words.csv").get(code, frozenset())


@cache
def _other_words(code: str) -> frozenset[str]:
    return _words_of("other_words.csv").get(code, frozenset())


@cache
def _words_of(file: str) -> dict[str, frozenset[str]]:
    return {row["language"]: frozenset(_listed(row["words"], row["language"])) for row in _rows(file)}


def _rows(file: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _listed(words: str, code: str) -> list[str]:
    return [comparable(word, code) for word in words.split()]


@cache
def _inflections() -> dict[str, _Inflection]:
    return {row["language"]: _inflection(row) for row in _rows("word_endings.csv")}


def _inflection(row: dict[str, str]) -> _Inflection:
    code = row["language"]
    drops, endings, prefixes = (
        sorted({spelling_key(part, code) for part in _listed(row[column], code)}, key=len, reverse=True)
        for column in ("drops", "endings", "prefixes")
    )
    chain = "|".join(re.escape(ending) for ending in endings if ending != _NONE)
    least_endings = 0 if _NONE in endings else 1
    pattern = re.compile(f"(?:{chain}){{{least_endings},{row['most']}}}")
    return _Inflection(int(row["least"]), ("", *drops), pattern, ("", *prefixes))


@lru_cache(maxsize=1 << 16)
def spelling_key(word: str, code: str) -> str:
    """The word with one spelling for the letters that change within its forms."""
    for pattern, replacement in _SPELLINGS.get(code, ()):
        word = re.sub(pattern, replacement, word)
    return word


def _without_prefix(word: str, prefixes: tuple[str, ...]) -> list[str]:
    return [word[len(prefix) :] for prefix in prefixes if word.startswith(prefix)]


def _is_inflected(word: str, label: str, inflection: _Inflection) -> bool:
    if word == label:
        return True
    for drop in inflection.drops:
        stem = label.removesuffix(drop)
        if drop and stem == label:
            continue
        if len(stem) >= inflection.least and word.startswith(stem) and inflection.endings.fullmatch(word, len(stem)):
            return True
    return False


def _is_compound(word: str, label: str) -> bool:
    if len(word) - len(label) < _FEWEST_OF_THE_REST:
        return False
    starts = len(label) >= _FEWEST_AT_THE_START and word.startswith(label)
    return starts or (len(label) >= _FEWEST_AT_THE_END and word.endswith(label))


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
    if label.endswith(_NOT_PLURAL) or len(word) < _FEWEST_ENGLISH or label in _other_words(ENGLISH):
        return False
    return label in (f"{word}s", f"{word}es") or (word.endswith("y") and label == f"{word[:-1]}ies")


def _is_verb_of(word: str, label: str) -> bool:
    """Whether the label is the -ing form of the word, whose last letter it dropped or doubled, or of its -ed form."""
    stem = label.removesuffix("ing")
    if stem == label or len(stem) < _FEWEST_ENGLISH:
        return False
    return word in (f"{stem}e", f"{stem}es", f"{stem}ed")
