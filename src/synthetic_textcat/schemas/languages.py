"""Languages: those of XLM-R, from which the method samples, and any other by its BCP 47 tag (`language_tags`).

Null and the preset `paper` mean XLM-R's.

Source of the table: Conneau et al. (2020), table 6, transcribed and corrected in `languages.csv`; `tier` are the
sampling tiers of the public reproduction of the method (arXiv 2509.06184). `iso639_3` is the three-letter code by the
ISO 639 tables of SIL, in which langcodes 3.5, pycountry 26 and MTEB 2.26 agree for all of them but one: XLM-R's `tl` is
Filipino here, whose own code is `fil`. `own_names` are the language's names for itself: first that of the Unicode CLDR,
then other common ones.
"""

import csv
import difflib
import re
import unicodedata
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from synthetic_textcat.schemas.language_tags import (
    TaggedLanguage,
    cldr_names,
    language_by_name,
    language_by_tag,
    name_key,
    nearest_tags,
    three_letter_code,
    usual_script,
)
from synthetic_textcat.schemas.weights_files import MARK, STANDS_ALONE
from synthetic_textcat.text.unicode import UNSPACED_CODES

_WORD = re.compile(r"\w+")
_ELSEWHERE = (
    "none is near it; all names and codes are in src/synthetic_textcat/schemas/languages.csv, and others are given by "
    "their BCP 47 tag, as in pt-BR"
)
_CALLED_HERE = {
    "mandarin": "Chinese",
    "castilian": "Spanish",
    "farsi": "Persian",
    "hinglish": "Hindi Romanized",
    "myanmar": "Burmese",
    "odia": "Oriya",
    "sorani": "Central Kurdish",
    "tagalog": "Filipino",
}
"""Common names and codes that XLM-R's table lists under another name or a related language; for hints."""

_CHINESE = "zh"
_BOTH_CHINESE = frozenset({_CHINESE, "zho", "chi", "cmn", "zh-guoyu", "chinese"})
_IN_TABLE = {"fil": "tl"}
"""Codes of the CLDR that XLM-R's table has by another code."""

_SPELT_LIKE = {"nb": "no", "nn": "no"}
_LATIN_TOO = frozenset({"sr"})
"""Languages that are usually written in another script, and in Latin letters too."""

_MOST_HINTS = 3


@dataclass(frozen=True, slots=True)
class Language:
    """Language or its form of a script or region.

    Attributes:
        code: BCP 47 tag, `de`, `zh-Hans` or `pt-BR`; the name of its metrics.
        name: English name, as in the prompt and in the column `language`.
        iso639_3: ISO 639-3 code, of the macrolanguage if the table means that.
        script: ISO 15924 code of its script in the table.
        tier: Sampling tier: `english`, `high` or `other`.
        romanised: Whether it is a language of another script, written in Latin letters.
        own_names: Names of the language in itself; none for a romanised form.
    """

    code: str
    iso639_3: str
    name: str
    script: str
    tier: str
    romanised: bool
    own_names: tuple[str, ...]


@cache
def languages() -> tuple[Language, ...]:
    """All languages, in the order of the table."""
    text = resources.files(__package__).joinpath("languages.csv").read_text(encoding="utf-8")
    return tuple(
        Language(
            row["code"],
            row["iso639_3"],
            row["name"],
            row["script"],
            row["tier"],
            romanised=row["romanised"] == "yes",
            own_names=tuple(filter(None, row["own_names"].split(";"))),
        )
        for row in csv.DictReader(text.splitlines())
    )


@lru_cache(maxsize=1024)
def find_language(name: str) -> Language:
    """The language with this English name, BCP 47 tag, ISO 639-3 code or own name, ignoring case.

    Raises:
        ValueError: If there is none, or several have this own name; the message names the nearest ones.
    """
    key = name_key(name)
    found = _by_key().get(key) or _by_tag(key)
    if found is None:
        raise ValueError(f"unknown language {name!r}; {_hint(key)}")
    return found


def language_named(name: str) -> Language | None:
    """The language with this English name, as the column `language` has it; None if there is none."""
    key = name_key(name)
    found = _by_key().get(key) or _in_words_of_table(language_by_name(key, _table_names()))
    return found if found is not None and key == name_key(found.name) else None


def is_of_table(language: Language) -> bool:
    """Whether XLM-R's table has the language."""
    return _by_key().get(name_key(language.code)) == language


def base_of(language: Language) -> str:
    """The language subtag of the code, as the table has it: `pt` of `pt-BR`."""
    base = language.code.partition("-")[0]
    return _IN_TABLE.get(base, base)


@cache
def rules_code(language: Language) -> str:
    """Code of the table's language whose rules of spelling hold: that without a region, if it has the same script."""
    if is_of_table(language):
        return language.code
    base = _SPELT_LIKE.get(base_of(language), base_of(language))
    same = (x.code for x in languages() if base_of(x) == base and x.script == language.script and "-x-" not in x.code)
    return next(same, base if base in _LATIN_TOO else language.code)


def is_usual_script(language: Language) -> bool:
    """Whether the language is usually written in this script; Chinese in both of its scripts."""
    base = language.code.partition("-")[0]
    return is_of_table(language) or base == _CHINESE or language.script == usual_script(base)


def _by_tag(key: str) -> Language | None:
    """The language of a tag, or with the name that such a language has in the tables; None if there is none.

    Languages of the table keep the names that they have there, alone and with a region.
    """
    if key in _CALLED_HERE or key in _BOTH_CHINESE:
        return None
    return _in_words_of_table(language_by_name(key, _table_names()) or language_by_tag(key))


def _in_words_of_table(found: TaggedLanguage | None) -> Language | None:
    """The language, with the name that the table has for it or its base."""
    if found is None:
        return None
    same = _by_key().get(name_key(_IN_TABLE.get(found.code, found.code)))
    if same is not None:
        return same
    stem = _IN_TABLE.get(found.base, found.base)
    base = _by_key().get(stem)
    name = found.base_name if base is None else base.name
    return Language(
        found.code,
        next((x.iso639_3 for x in languages() if _stem(x.code) == stem), three_letter_code(found.base)),
        f"{name} ({', '.join(found.qualifiers)})" if found.qualifiers else name,
        found.script,
        tier="other",
        romanised=found.script == "Latn" != found.usual_script and found.base not in _LATIN_TOO,
        own_names=(),
    )


@cache
def _table_names() -> dict[str, str]:
    """Code in the CLDR by the table's name, of languages in their usual script."""
    codes = {code: cldr for cldr, code in _IN_TABLE.items()}
    return {name_key(x.name): codes.get(x.code, x.code) for x in languages() if "-" not in x.code}


def has_spaces(language: str) -> bool:
    """Whether the language separates words by spaces; not Chinese, Japanese, Thai, Lao, Khmer and Burmese."""
    return find_language(language).script not in UNSPACED_CODES


def _hint(key: str) -> str:
    """Suggestions: variants of a language, names with the same words, names used elsewhere, or the nearest names."""
    if key.startswith(MARK):
        return STANDS_ALONE
    words = set(_WORD.findall(key))
    stem = key.partition("-")[0]
    meant = (
        [x.name for x in languages() if stem in (_stem(x.code), x.iso639_3)]
        or [x.name for x in languages() if words and any(words <= set(_WORD.findall(name)) for name in _names(x))]
        or _called_here(key)
        or _tagged_otherwise(key)
        or _with_words(key)
        or _names_elsewhere(key)
        or nearest_tags(key)
        or _nearest(key)
    )
    return f"did you mean {' or '.join(meant)}?" if meant else _ELSEWHERE


def _called_here(key: str) -> list[str]:
    name = _CALLED_HERE.get(key)
    return [x.name for x in languages() if name and x.name.startswith(name)] or [*filter(None, [name])]


def _with_words(key: str) -> list[str]:
    """Names of the CLDR with the same words, accents apart."""
    words = set(_WORD.findall(_unaccented(key)))
    return [name for name in cldr_names() if words and words <= set(_WORD.findall(_unaccented(name_key(name))))]


def _tagged_otherwise(key: str) -> list[str]:
    """The language of a tag in another form, as in `pt br` or `English (UK)`."""
    name, _, others = key.rstrip(")").partition(" (")
    base = _by_key().get(name)
    tag = f"{base.code}-{others}" if base is not None and others else key
    with suppress(ValueError):
        found = _by_tag(tag.replace(" ", "-"))
        return [] if found is None else [found.name]
    return []


def _names_elsewhere(key: str) -> list[str]:
    """The languages of which this is another code, or the name in one of the large languages ("Allemand")."""
    from babel.core import Locale, get_global  # data of the Unicode CLDR, read for unknown names only

    code = get_global("language_aliases").get(key, "").partition("_")[0]
    if code:
        return [x.name for x in languages() if code in (_stem(x.code), x.iso639_3) and not x.romanised]
    codes = [x.code.replace("-", "_") for x in languages() if x.tier == "high"]
    named = (Locale.parse(code).languages for code in codes)
    found = {code for names in named for code, name in names.items() if name_key(name) == key}
    return [x.name for x in languages() if _stem(x.code) in found and not x.romanised]


def _nearest(key: str) -> list[str]:
    """The languages whose English or own names resemble this one most, accents apart."""
    names: dict[str, list[str]] = defaultdict(list)
    for language in languages():
        for name in _names(language):
            names[_unaccented(name)].append(language.name)
    plain = _unaccented(key)
    close = [plain] if plain in names else difflib.get_close_matches(plain, names, n=_MOST_HINTS)
    if not close:
        return difflib.get_close_matches(key.title(), cldr_names(), n=_MOST_HINTS)
    return list(dict.fromkeys(language for name in close for language in names[name]))


def _names(language: Language) -> tuple[str, ...]:
    return tuple(map(name_key, (language.name, *language.own_names)))


def _unaccented(name: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", name) if not unicodedata.combining(each))


def _stem(code: str) -> str:
    return code.casefold().partition("-")[0]


@cache
def _by_key() -> dict[str, Language]:
    """Languages by own name that no other has, by three-letter code in their usual script, by code and by name."""
    own = [(name_key(name), language) for language in languages() for name in language.own_names]
    shared = Counter(key for key, _ in own)
    unique = {key: language for key, language in own if shared[key] == 1}
    usual = {x.iso639_3: x for x in languages() if "-" not in x.code}
    return (
        unique | usual | {name_key(key): language for language in languages() for key in (language.code, language.name)}
    )
