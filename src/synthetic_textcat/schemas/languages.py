"""Supported languages: the languages of XLM-R, from which the method samples.

Source of the table: Conneau et al. (2020), table 6, transcribed and corrected in `languages.csv`; `tier` are the
sampling tiers of the public reproduction of the method (arXiv 2509.06184). `iso639_3` is the three-letter code by the
ISO 639 tables of SIL, in which langcodes 3.5, pycountry 26 and MTEB 2.26 agree for all of them but one: XLM-R's `tl` is
Filipino here, whose own code is `fil`.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from synthetic_textcat.errors import nearest
from synthetic_textcat.text.unicode import UNSPACED_CODES

_WORD = re.compile(r"\w+")
_ELSEWHERE = "none is near it; all names and codes are in src/synthetic_textcat/schemas/languages.csv"
_CALLED_HERE = {
    "bokmal": "Norwegian",
    "bokmål": "Norwegian",
    "nb": "Norwegian",
    "nynorsk": "Norwegian",
    "nn": "Norwegian",
    "cantonese": "Chinese",
    "mandarin": "Chinese",
    "castilian": "Spanish",
    "farsi": "Persian",
    "flemish": "Dutch",
    "myanmar": "Burmese",
    "odia": "Oriya",
    "tagalog": "Filipino",
}
"""Common names and codes that XLM-R's table lists under another name or a related language; for hints."""


@dataclass(frozen=True, slots=True)
class Language:
    """Language or script variant.

    Attributes:
        code: BCP 47 style code, `de` or `zh-Hans`; the name of its metrics.
        name: English name, as in the prompt and in the column `language`.
        iso639_3: ISO 639-3 code, of the macrolanguage if the table means that.
        script: ISO 15924 code of its script in the table.
        tier: Sampling tier: `english`, `high` or `other`.
        romanised: Whether it is a language of another script, written in Latin letters.
    """

    code: str
    iso639_3: str
    name: str
    script: str
    tier: str
    romanised: bool


@cache
def languages() -> tuple[Language, ...]:
    """All languages, in the order of the table."""
    text = resources.files(__package__).joinpath("languages.csv").read_text(encoding="utf-8")
    return tuple(
        Language(
            row["code"], row["iso639_3"], row["name"], row["script"], row["tier"], romanised=row["romanised"] == "yes"
        )
        for row in csv.DictReader(text.splitlines())
    )


def find_language(name_or_code: str) -> Language:
    """The language with this English name or code (BCP 47 style or ISO 639-3), ignoring case.

    Raises:
        ValueError: If there is none; the message names the nearest ones.
    """
    key = name_or_code.strip().casefold().replace("_", "-")
    found = _by_key().get(key)
    if found is None:
        raise ValueError(f"unknown language {name_or_code!r}; {_hint(key)}")
    return found


def has_spaces(language: str) -> bool:
    """Whether the language separates words by spaces; not Chinese, Japanese, Thai, Lao, Khmer and Burmese."""
    return find_language(language).script not in UNSPACED_CODES


def _hint(key: str) -> str:
    """Suggestions: variants of a language, names with the same words, the name used here, or the nearest names."""
    words = set(_WORD.findall(key))
    stem = key.partition("-")[0]
    meant = (
        [x.name for x in languages() if stem in (_stem(x.code), x.iso639_3)]
        or [x.name for x in languages() if words and words <= set(_WORD.findall(x.name.casefold()))]
        or [x.name for x in languages() if x.name.startswith(_CALLED_HERE.get(key, "\0"))]
    )
    if meant:
        return f"did you mean {' or '.join(meant)}?"
    return nearest(key, [x.name for x in languages()]).replace("none is near it", _ELSEWHERE)


def _stem(code: str) -> str:
    return code.casefold().partition("-")[0]


@cache
def _by_key() -> dict[str, Language]:
    """Languages by code and name, and by three-letter code in their usual script."""
    usual = {x.iso639_3: x for x in languages() if "-" not in x.code}
    return usual | {key.casefold(): language for language in languages() for key in (language.code, language.name)}
