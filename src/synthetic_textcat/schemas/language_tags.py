"""Languages by BCP 47 tag that XLM-R's table lacks: canonical tag, English name and script from the Unicode CLDR.

`pt-BR` is "Portuguese (Brazil)", `sr-Latn` "Serbian (Latin)", `lb` "Luxembourgish". A canonical tag has the current
code of a deprecated one (`iw` is `he`), the case of RFC 5646, and no script that is the usual one of the language, but
for Chinese, whose two scripts are both usual. The name in the tables leads back to the tag.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple

from synthetic_textcat.errors import nearest

_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_EXTENDED_TAG = re.compile(rf"({_TAG.pattern})[-_]([a-z0-9](?:[-_][a-z0-9]{{1,8}})+)", re.IGNORECASE)
_APOSTROPHE = re.compile("[\u2018\u2019\u02bb\u02bc\u0060\u00b4]")
_SAME_SCRIPT = {"Kore": "Hang", "Aran": "Arab", "Cyrs": "Cyrl", "Hanb": "Hant"} | dict.fromkeys(
    ("Latf", "Latg"), "Latn"
)
_CHINESE = "zh"
_LONGEST_CODE = 3  # letters: the name "Ho" is the code of Hiri Motu
_NO_REGIONS = frozenset({"XA", "XB", "ZZ"})
_WORLD = "001"
_WITH_EXTENDED_LANGUAGES = frozenset({"ar", "kok", "lv", "ms", "sw", "uz", "zh"})
"""Languages whose subtag another one may follow that is a language itself, as in `zh-yue` (RFC 5646, section 2.2.2)."""

_NO_LANGUAGES = {
    "und": "a language that is not known",
    "mul": "several languages",
    "mis": "a language without a code",
    "zxx": "no language",
}
_PRIVATE = ("x-", "x_")
_GRANDFATHERED = {
    "art-lojban": "jbo",
    "cel-gaulish": "xtg",
    "en-gb-oed": "en-GB-oxendict",
    "i-ami": "ami",
    "i-bnn": "bnn",
    "i-hak": "hak",
    "i-klingon": "tlh",
    "i-lux": "lb",
    "i-navajo": "nv",
    "i-pwn": "pwn",
    "i-tao": "tao",
    "i-tay": "tay",
    "i-tsu": "tsu",
    "no-bok": "nb",
    "no-nyn": "nn",
    "zh-hakka": "hak",
    "zh-min-nan": "nan",
    "zh-xiang": "hsn",
}
"""Tags of before RFC 4646, whole, and what IANA's registry prefers; those of sign languages have no texts."""


class TaggedLanguage(NamedTuple):
    """A language, or its form of a script, region or variant.

    Attributes:
        code: Canonical tag.
        base: Its language subtag.
        base_name: English name of the language subtag.
        qualifiers: English names of script, region and variant, as far as the tag has them.
        script: ISO 15924 code of its script.
        usual_script: That of the language subtag alone.
    """

    code: str
    base: str
    base_name: str
    qualifiers: tuple[str, ...]
    script: str
    usual_script: str


class _Cldr(NamedTuple):
    """English names by code, tags by the name of a form of a language, current codes of old ones, likely subtags."""

    languages: Mapping[str, str]
    forms: Mapping[str, str]
    scripts: Mapping[str, str]
    regions: Mapping[str, str]
    variants: Mapping[str, str]
    language_aliases: Mapping[str, str]
    region_aliases: Mapping[str, Sequence[str]]
    likely: Mapping[str, str]


@cache
def _cldr() -> _Cldr:
    from babel.core import Locale, get_global  # 30 ms, for languages outside of the table only

    english = Locale("en")
    languages = {
        code: name for code, name in english.languages.items() if "_" not in code and code not in _NO_LANGUAGES
    }
    return _Cldr(
        {code: name if len(name) > _LONGEST_CODE else f"{name} language" for code, name in languages.items()},
        {name_key(name): tag for tag, name in english.languages.items() if "_" in tag},
        {code: name for code, name in english.scripts.items() if not code.startswith("Z")},  # Zyyy: undetermined
        {code: name for code, name in english.territories.items() if code not in _NO_REGIONS},
        {code.casefold(): name for code, name in english.variants.items()},
        get_global("language_aliases"),
        get_global("territory_aliases"),
        get_global("likely_subtags"),
    )


def name_key(name: str) -> str:
    """The name as it counts: NFC, case folded, with hyphens for underscores and one kind of apostrophe."""
    folded = unicodedata.normalize("NFC", name.strip().replace("İ", "i").casefold()).replace("_", "-")
    return _APOSTROPHE.sub("'", folded)


def language_by_tag(tag: str) -> TaggedLanguage | None:
    """The language of a tag; None for a text that has not the form of a tag, or whose language the CLDR lacks.

    Raises:
        ValueError: If a part after the language is unknown, with the nearest known one; if there is an extension; or if
            the tag stands for no certain language.
    """
    tag = _GRANDFATHERED.get(tag.replace("_", "-").casefold(), tag)
    if tag.casefold().startswith(_PRIVATE):
        raise ValueError(f"the language tag {tag!r} is for private use; write that of a language, as in pt-BR")
    extended = _EXTENDED_TAG.fullmatch(tag)
    if extended is not None and (plain := language_by_tag(extended[1])) is not None:
        raise ValueError(f"the language tag {tag!r} has the extension {extended[2]!r}; write {plain.code}")
    if not _TAG.fullmatch(tag):
        return None
    language, *others = tag.replace("_", "-").casefold().split("-")
    if language in _NO_LANGUAGES:
        raise ValueError(f"the language tag {tag!r} stands for {_NO_LANGUAGES[language]}; write that of one language")
    if language in _WITH_EXTENDED_LANGUAGES and others and _is_extended_language(others[0]):
        language = others.pop(0)  # zh-yue is yue
    language, script, region = _current(language)
    variants, kinds = list[str](), [_kind(part) for part in others]
    for part, kind in zip(others, kinds, strict=True):
        if not kind:
            raise ValueError(f"unknown part {part!r} of the language tag {tag!r}; {_nearest_part(part)}")
        if kinds.count(kind) > 1 and (kind != "variant" or others.count(part) > 1):
            raise ValueError(f"the language tag {tag!r} has two parts for the {kind}; keep one")
        if kind == "script":
            script = part.capitalize()
        elif kind == "region":
            region = _cldr().region_aliases.get(part.upper(), [part.upper()])[0].replace(_WORLD, "")
        else:
            variants.append(part)
    return _language(language, script, region, "-".join(variants)) if language in _cldr().languages else None


def _is_extended_language(part: str) -> bool:
    cldr = _cldr()
    is_language = part in cldr.languages or part in cldr.language_aliases
    return len(part) == 3 and is_language and part.upper() not in cldr.region_aliases


def language_by_name(name: str, others: Mapping[str, str]) -> TaggedLanguage | None:
    """The language with this English name, as in the tables, or of the CLDR: `Serbian (Latin)`, `British English`.

    Args:
        name: A `name_key`.
        others: Codes of languages by the `name_key` of the names that they have in place of the CLDR's.
    """
    bases = _codes("languages") | dict(others)
    if name in bases:
        return _language(*_current(bases[name]), "")
    if name in _cldr().forms:
        return language_by_tag(_cldr().forms[name])
    for parenthesis in re.finditer(r" \(", name):
        base = bases.get(name[: parenthesis.start()])
        read = next(_read(name[parenthesis.end() : -1]), None) if base and name.endswith(")") else None
        if base and read:
            return _language(base, *read)
    return None


def nearest_tags(tag: str) -> list[str]:
    """Tags that resemble one whose language the CLDR lacks; none for a text in another form."""
    if not _TAG.fullmatch(tag) or (len(tag) > 3 and "-" not in tag):
        return []
    language, hyphen, others = tag.partition("-")
    tags = [f"{code}{hyphen}{others}" for code in get_close_matches(language, _cldr().languages, n=3)]
    with suppress(ValueError):
        return [found.code for found in map(language_by_tag, tags) if found]
    return []


def cldr_names() -> list[str]:
    """English names of all languages of the CLDR."""
    return list(_cldr().languages.values())


def three_letter_code(base: str) -> str:
    """ISO 639-3 code of a language subtag."""
    return next(
        (code for code, current in _cldr().language_aliases.items() if current == base and len(code) == 3), base
    )


def usual_script(base: str) -> str:
    """ISO 15924 code of the script in which a language is usually written; `Latn` if unknown."""
    return _script_in(_cldr().likely.get(base, "")) or "Latn"


def _language(base: str, script: str, region: str, variant: str) -> TaggedLanguage:
    cldr, usual = _cldr(), usual_script(base)
    script = _SAME_SCRIPT.get(script, script) or _script_in(cldr.likely.get(f"{base}_{region}", "")) or usual
    shown = "" if script == usual and base != _CHINESE else script
    names = (cldr.scripts.get(shown), cldr.regions.get(region), *map(cldr.variants.get, variant.split("-")))
    code = "-".join(filter(None, (base, shown, region, variant)))
    return TaggedLanguage(code, base, cldr.languages[base], tuple(filter(None, names)), script, usual)


def _current(language: str) -> tuple[str, str, str]:
    """Language, script and region of a language subtag, which may be deprecated or of three letters."""
    base, *others = _cldr().language_aliases.get(language, language).split("_")
    script = next((part for part in others if len(part) == 4), "")
    return base, script, next((part for part in others if len(part) < 4), "")


def _kind(part: str) -> str:
    cldr = _cldr()
    if part.capitalize() in cldr.scripts or part.capitalize() in _SAME_SCRIPT:
        return "script"
    if part.upper() in cldr.regions or part.upper() in cldr.region_aliases:
        return "region"
    return "variant" if part in cldr.variants else ""


def _nearest_part(part: str) -> str:
    cldr = _cldr()
    known = [*cldr.scripts, *cldr.variants] if len(part) > _LONGEST_CODE else [*filter(str.isalpha, cldr.regions)]
    by_name = [
        code
        for names in (cldr.scripts, cldr.regions)
        for code, name in names.items()
        if name.casefold().startswith(part) and code.isalpha()
    ]
    if by_name:
        return f"did you mean {' or '.join(by_name[:3])}?"
    same_letters = [code for code in known if sorted(code.casefold()) == sorted(part) and len(part) > _LONGEST_CODE]
    return nearest(part, same_letters or known)


def _script_in(likely: str) -> str:
    script = next((part for part in likely.split("_") if len(part) == 4), "")
    return _SAME_SCRIPT.get(script, script)


@cache
def _codes(kind: str) -> dict[str, str]:
    """Codes by English name, as names are compared."""
    names: Mapping[str, str] = getattr(_cldr(), kind)
    return {name_key(name): code for code, name in names.items()}


def _read(qualifiers: str) -> Iterator[tuple[str, str, str]]:
    """Codes of script, region and variant whose names make up the text, parted by commas, which names have too."""
    kinds = [{"": ""} | _codes(kind) for kind in ("scripts", "regions", "variants")]
    for script, script_code in kinds[0].items():
        if script not in ("", qualifiers) and not qualifiers.startswith(f"{script}, "):
            continue
        rest = qualifiers[len(script) :].removeprefix(", ")
        for region, region_code in kinds[1].items():
            if region in ("", rest) or rest.startswith(f"{region}, "):
                variant = rest[len(region) :].removeprefix(", ")
                if (variants := _read_variants(variant, kinds[2])) is not None:
                    yield script_code, region_code, variants


def _read_variants(names: str, codes: Mapping[str, str]) -> str | None:
    """Codes of variants with these names, parted by hyphens; empty for no name; None if a name is unknown."""
    if names in codes:
        return codes[names]
    for name, code in codes.items():
        rest = _read_variants(names[len(name) + 2 :], codes) if name and names.startswith(f"{name}, ") else None
        if rest:
            return f"{code}-{rest}"
    return None
