"""In which script a text is written, by the Unicode names of its letters."""

import unicodedata
from collections import Counter
from functools import cache

from synthetic_textcat.schemas.languages import Language, languages

_LETTERS_OF = {
    "Latn": {"LATIN"},
    "Cyrl": {"CYRILLIC"},
    "Arab": {"ARABIC"},
    "Grek": {"GREEK"},
    "Hebr": {"HEBREW"},
    "Armn": {"ARMENIAN"},
    "Geor": {"GEORGIAN"},
    "Ethi": {"ETHIOPIC"},
    "Deva": {"DEVANAGARI"},
    "Beng": {"BENGALI"},
    "Guru": {"GURMUKHI"},
    "Gujr": {"GUJARATI"},
    "Orya": {"ORIYA"},
    "Taml": {"TAMIL"},
    "Telu": {"TELUGU"},
    "Knda": {"KANNADA"},
    "Mlym": {"MALAYALAM"},
    "Sinh": {"SINHALA"},
    "Thai": {"THAI"},
    "Laoo": {"LAO"},
    "Mymr": {"MYANMAR"},
    "Khmr": {"KHMER"},
    "Hang": {"HANGUL", "CJK"},
    "Hans": {"CJK"},
    "Hant": {"CJK"},
    "Jpan": {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK"},
}
"""ISO 15924 script -> how Unicode's names of its letters begin."""

_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_ALSO_WRITTEN = {"sr": "Latn", "bs": "Cyrl", "uz": "Cyrl"}  # both scripts are in daily use


def letters_by_script(text: str) -> Counter[str]:
    """How many letters of which script: the first word of their Unicode names."""
    if text.isascii():
        return Counter({"LATIN": len(text.encode("ascii").translate(None, _NO_LETTERS))})
    found: Counter[str] = Counter()
    for character, times in Counter(unicodedata.normalize("NFKC", text)).items():
        if character.isalpha():
            found[_script(character)] += times
    return found


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "other").split()[0]


def shown(script: str) -> str:
    """The script as a reader knows it."""
    return "Chinese" if script == "CJK" else script.capitalize()


@cache
def scripts_of(language: Language) -> frozenset[str]:
    """The scripts that a text in the language may be in."""
    also = _ALSO_WRITTEN.get(language.code)
    return frozenset(_LETTERS_OF[language.script] | (_LETTERS_OF[also] if also else set()))


@cache
def scripts_of_one_language() -> frozenset[str]:
    """Scripts that tell the language by themselves; those that share Chinese characters do not."""
    users = Counter(language.script for language in languages())
    return frozenset(script for script, count in users.items() if count == 1) - {"Hans", "Hant", "Jpan"}
