"""Scripts: those in which a language is written, and the letters of a text by script."""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import cache

import regex

from synthetic_textcat.schemas.languages import Language, base_of, is_usual_script, languages

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

_ASCII = bytes(range(128))
_NO_LATIN = bytes(code for code in range(256) if not (code < 128 and chr(code).isalpha()))
_ALSO_WRITTEN = {"sr": "Latn", "bs": "Cyrl", "uz": "Cyrl"}  # both scripts are in daily use


def letters_by_script(text: str) -> dict[str, int]:
    """Number of letters by script, the first word of their Unicode names."""
    found: dict[str, int] = {}
    if text.isascii():
        encoded = text.encode()
    else:
        encoded = unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")
        others = encoded.translate(None, _ASCII).decode("utf-8", "surrogatepass")
        for character in set(others):
            if script := _script_of_letter(character):
                found[script] = found.get(script, 0) + others.count(character)
    if latin := len(encoded.translate(None, _NO_LATIN)):
        found["LATIN"] = found.get("LATIN", 0) + latin
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
    also = _ALSO_WRITTEN.get(base_of(language)) if is_usual_script(language) else None
    return frozenset(_letters_of(language.script) | (_letters_of(also) if also else set()))


@cache
def _letters_of(script: str) -> set[str]:
    """First words of the Unicode names of a script's letters; of a script that no table language has, all its letters'.

    A script that Unicode has no letters of gives none, so that no text is judged by it.
    """
    if script in _LETTERS_OF:
        return _LETTERS_OF[script]
    try:
        letters = regex.findall(rf"[\p{{Script={script}}}&&\p{{L}}]", _all_characters(), regex.VERSION1)
    except regex.error:
        return set()
    return {_script_of_letter(letter) for letter in letters}


@cache
def _all_characters() -> str:
    return "".join(map(chr, (*range(0xD800), *range(0xE000, 0x20000))))


def is_written_so(language: Language) -> bool:
    """Whether the language is in daily use in this script."""
    return is_usual_script(language) or _ALSO_WRITTEN.get(base_of(language)) == language.script


def is_identified_by_script(language: Language) -> bool:
    """Whether the table has no other language in this script; scripts that share Chinese characters tell none."""
    return _languages_by_script().get(language.script) == base_of(language)


@cache
def _languages_by_script() -> dict[str, str]:
    """Only language of the table in a script, by ISO 15924 code."""
    users = Counter(language.script for language in languages())
    one = {language.script: base_of(language) for language in languages() if users[language.script] == 1}
    return {script: base for script, base in one.items() if script not in ("Hans", "Hant", "Jpan")}
