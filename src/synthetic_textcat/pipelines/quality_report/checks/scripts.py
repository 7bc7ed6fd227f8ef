"""Scripts: those in which a language is written, and the letters of a text by script."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
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
"""ISO 15924 script -> first words of the Unicode names of its letters."""

_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_NOT_ASCII = re.compile("[^\x00-\x7f]+")
_ALSO_WRITTEN = {"sr": "Latn", "bs": "Cyrl", "uz": "Cyrl"}  # both scripts are in daily use


def letters_by_script(text: str) -> Counter[str]:
    """Number of letters by script, the first word of their Unicode names."""
    found: Counter[str] = Counter()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        others = "".join(_NOT_ASCII.findall(text))
        for character in set(others):
            if script := _script_of_letter(character):
                found[script] += others.count(character)
    if latin := len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS)):
        found["LATIN"] += latin
    return found


def most_frequent_script(text: str, letters: Mapping[str, int]) -> str:
    """The script with the most letters; of several, the one that stands first in the text."""
    most = max(letters.values())
    scripts = map(_script_of_letter, unicodedata.normalize("NFKC", text))
    return next(script for script in scripts if script and letters[script] == most)


@cache
def _script_of_letter(character: str) -> str:
    """The script of a letter; empty for any other character."""
    return unicodedata.name(character, "other").split()[0] if character.isalpha() else ""


def shown(script: str) -> str:
    """Display name of the script."""
    return "Chinese" if script == "CJK" else script.capitalize()


@cache
def scripts_of(language: Language) -> frozenset[str]:
    """Scripts in which the language is written."""
    also = _ALSO_WRITTEN.get(language.code)
    return frozenset(_LETTERS_OF[language.script] | (_LETTERS_OF[also] if also else set()))


@cache
def scripts_of_one_language() -> frozenset[str]:
    """Scripts used by a single language, which identify it; scripts that share Chinese characters do not."""
    users = Counter(language.script for language in languages())
    return frozenset(script for script, count in users.items() if count == 1) - {"Hans", "Hant", "Jpan"}
