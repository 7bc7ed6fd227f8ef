"""The languages that can be asked for: those of XLM-R, which the method samples from.

Source of the table: Conneau et al. (2020), table 6, as transcribed and corrected in `languages.csv`; `tier` are the
sampling tiers of the public reproduction of the method (arXiv 2509.06184). `iso639_3` is the three-letter code by the
ISO 639 tables of SIL, in which langcodes 3.5, pycountry 26 and MTEB 2.26 agree for all of them but one: XLM-R's `tl` is
Filipino here, whose own code is `fil`.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from synthetic_textcat.errors import nearest


@dataclass(frozen=True, slots=True)
class Language:
    """One language or script variant.

    Attributes:
        code: BCP 47 style code, `de` or `zh-Hans`; the name of its metrics.
        name: English name, as it stands in the prompt and in the column `language`.
        iso639_3: ISO 639-3 code, of the macrolanguage where the table means that.
        script: ISO 15924 code of the script it is written in here.
        tier: `english`, `high` or `other`: the sampling tier.
        romanised: Whether it is a language of another script written in Latin letters.
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
    """The language of an English name or a code, in any case.

    Raises:
        ValueError: If there is none; the message names the nearest.
    """
    key = name_or_code.strip().casefold().replace("_", "-")
    found = _by_key().get(key)
    if found is None:
        raise ValueError(f"unknown language {name_or_code!r}; {_hint(key)}")
    return found


def _hint(key: str) -> str:
    """The variants of a language that is there in variants only, else the nearest names."""
    stem = key.partition("-")[0]
    variants = [x.name for x in languages() if stem == _stem(x.code) or x.name.casefold().startswith(f"{key} (")]
    return f"did you mean {' or '.join(variants)}?" if variants else nearest(key, [x.name for x in languages()])


def _stem(code: str) -> str:
    return code.casefold().partition("-")[0]


@cache
def _by_key() -> dict[str, Language]:
    return {key.casefold(): language for language in languages() for key in (language.code, language.name)}
