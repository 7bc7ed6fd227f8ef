"""Placeholder words in languages without an authored grammar: dates, amounts and names of places from the Unicode CLDR.

Names that the CLDR has in English only are left out. The romanised languages have word lists of their own,
`grammars/_romanised.yml`, since the CLDR has no Latin words of theirs. Where it has no words in a language's script,
letters of that script make up words.
"""

import datetime
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import regex

from synthetic_textcat.hashing import draw_int
from synthetic_textcat.llm.offline.grammar import (
    DIFFICULTIES,
    Grammar,
    LabelGrammar,
    Register,
    Slots,
    Template,
    compiled,
    load_yaml,
)
from synthetic_textcat.llm.offline.orthography import orthography_of
from synthetic_textcat.schemas.language_tags import usual_script
from synthetic_textcat.schemas.languages import Language, find_language, is_of_table, languages

if TYPE_CHECKING:
    from babel.core import Locale

TOPICS = 8
"""Parts of the vocabulary: a label has the place names of one."""

_CLDR_CODES = {"tl": "fil", "my-x-zawgyi": "my"}
_FIRST_DAY = datetime.date(2024, 1, 1)
_DAYS = 97
_MOST_WORDS = 2  # of a name: long ones ("Bosnia and Herzegovina") leave no room in a short text
_NO_PLACES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})  # unions, and codes that mean "unknown"
_NO_TONGUES = frozenset({"mul", "und", "zxx"})
_WORD = re.compile(r"[^\W\d_a-zA-Z]|[a-zA-Z]{3}")
_FEWEST_PLACES = 5 * TOPICS
_LATIN = "Latn"
_ALPHABETS = (*range(0xD800), *range(0xE000, 0x20000))  # without surrogates
_MADE_UP = 5 * TOPICS  # words of a list
_FEWEST_LETTERS = 3
_WITH_NUMBERS = frozenset({"date", "when", "amount"})
_NEVER_COARSER = 10_000  # of a unit: days stay days
_UNITS = ("duration-hour", "duration-week", "length-kilometer", "mass-kilogram", "duration-minute", "volume-liter")
_SHORT = (
    "<day><c> <place><c> <place><c> <when>",
    "<place><c> <place><c> <when>",
    "<when><c> <place><c> <amount>",
    "<day><c> <place><c> <place>",
    "<place><c> <place><c> <place>",
    "<place><c> <amount>",
    "<when><c> <place>",
)
_SENTENCES = (
    "<date><c> <place><c> <place><c> <amount>",
    "<place><c> <place><c> <place><c> <when><c> <tongue>",
    "<when><c> <place><c> <amount><c> <amount>",
    "<tongue><c> <tongue><c> <place><c> <date>",
    "<amount><c> <day><c> <place><c> <when>",
    "<date><c> <when><c> <place><c> <tongue>",
    "<day><c> <day><c> <place><c> <place><c> <amount>",
)


def placeholder_grammar(code: str) -> Grammar:
    """The grammar of placeholder texts in a language: lists of words that say nothing."""
    orthography = orthography_of(find_language(code))
    words = _romanised().get(code) or _in_script(_cldr_words(code), find_language(code))
    slots = {name: tuple(((word, ""),) for word in own) for name, own in words.items()}
    days = [f"{day}{orthography.comma}" for day in words["day"]]
    separator = orthography.comma + orthography.space
    templates = [compiled(text.replace("<c> ", separator) for text in texts) for texts in (_SHORT, _SENTENCES)]
    return Grammar(
        task="",
        register=Register(
            hedges=tuple(days),
            short_hedges=tuple(days),
            asides=tuple(f"({word})" for word in words["day"]),
            lead_ins=dict.fromkeys(DIFFICULTIES, tuple(days)),
            connectives=dict.fromkeys(DIFFICULTIES, (";",)),
        ),
        keep=(),
        openers=compiled(days),
        fillers=(),
        labels={str(part): _part(part, slots, templates) for part in range(TOPICS)},
        orthography=orthography,
    )


def _part(part: int, words: Slots, templates: Sequence[Sequence[Template]]) -> LabelGrammar:
    slots = {**words, "place": words["place"][part::TOPICS], "tongue": words["tongue"][part % 2 :: 2]}
    short, sentences = templates
    return LabelGrammar(tuple(short), tuple(sentences), dict.fromkeys(DIFFICULTIES, slots))


@functools.cache
def _romanised() -> Mapping[str, Mapping[str, Sequence[str]]]:
    raw: dict[str, dict[str, list[Any]]] = load_yaml("_romanised")
    return {code: {name: list(map(str, words)) for name, words in lists.items()} for code, lists in raw.items()}


def _in_script(words: Mapping[str, Sequence[str]], language: Language) -> Mapping[str, Sequence[str]]:
    """The words, or made-up ones in place of a list with many that are not in the language's script."""
    if is_of_table(language) or language.script == _LATIN:
        return words
    try:
        letter = regex.compile(rf"[\p{{Script={language.script}}}&&\p{{L}}]", regex.VERSION1)
    except regex.error:  # of several scripts, as Japanese
        return words
    letters = letter.findall("".join(map(chr, _ALPHABETS)))
    if not letters:
        return words
    is_own = {name: all(map(letter.search, own)) for name, own in words.items()}
    return {name: own if is_own[name] else list(_made_up(letters, name)) for name, own in words.items()}


def _made_up(letters: Sequence[str], name: str) -> Iterator[str]:
    """Words of letters in a fixed, irregular order, with a number where the list has numbers."""
    for number in range(_MADE_UP):
        draws = (draw_int(24, "letter", name, number, place) for place in range(_FEWEST_LETTERS + number % 4))
        word = "".join(letters[draw % len(letters)] for draw in draws)
        yield f"{number + 2} {word}" if name in _WITH_NUMBERS else word


def _cldr_words(code: str) -> Mapping[str, Sequence[str]]:
    from babel.core import Locale
    from babel.dates import format_date, format_timedelta
    from babel.units import format_unit

    locale, english = _locale(code), Locale.parse("en")
    days = [_FIRST_DAY + datetime.timedelta(days=13 * number) for number in range(_DAYS)]
    spans = [datetime.timedelta(days=sign * number) for number in range(2, 30) for sign in (1, -1)]
    dates = [format_date(day, "full", locale) for day in days]
    whens = [
        format_timedelta(span, granularity=unit, threshold=_NEVER_COARSER, add_direction=True, locale=locale)
        for unit in ("day", "hour")
        for span in spans
    ]
    amounts = [format_unit(number, unit, length="long", locale=locale) for unit in _UNITS for number in range(2, 60, 5)]
    places = list(_names(locale.territories, english.territories))
    tongues = list(_names(locale.languages, english.languages))
    days_and_months = [*locale.days["stand-alone"]["wide"].values(), *locale.months["stand-alone"]["wide"].values()]
    if len(places) < _FEWEST_PLACES:
        places += tongues
    if len(places) < TOPICS:  # of many languages the CLDR has no more
        places += days_and_months
    return {
        "day": days_and_months,
        "date": dates,
        "when": list(filter(_has_word, whens)) or dates,
        "amount": list(filter(_has_word, amounts)) or dates,
        "place": places,
        "tongue": tongues if len(tongues) > 1 else days_and_months,
    }


def _locale(code: str) -> "Locale":
    """The CLDR's locale of a language; where it has none in this script, that of another language in the script."""
    from babel.core import Locale, UnknownLocaleError

    known, language = _CLDR_CODES.get(code, code), find_language(code)
    same = (x.code for x in languages() if x.script == language.script and not x.romanised and "-x-" not in x.code)
    for tag in (known, known.partition("-")[0], *same):
        with suppress(UnknownLocaleError, ValueError):
            locale = Locale.parse(tag.replace("-", "_"))
            if is_of_table(language) or locale.script or usual_script(locale.language) == language.script:
                return locale
    return Locale("en")


def _has_word(phrase: str) -> bool:
    """Whether it is more than a number with a sign: "+2 d" stands where the CLDR has no words of the language."""
    return _WORD.search(phrase) is not None


def _names(own: Mapping[str, str], english: Mapping[str, str]) -> Iterator[str]:
    for code, name in sorted(own.items()):
        is_name = code.isalpha() and code not in _NO_PLACES | _NO_TONGUES and name not in (code, english.get(code))
        if is_name and len(name.split()) <= _MOST_WORDS:
            yield name
