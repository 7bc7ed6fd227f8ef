# ruff: noqa: RUF001, RUF002  letters of one script that look like those of another are the point here
"""Comparison form of texts: case folding by language and one normal form for each script.

For comparing only: what is stored, sent or hashed keeps its spelling, and ids depend on `unicode.normalised` alone.

**Case.** Turkish and Azerbaijani have two letters i, with and without a dot, in both cases: I is the capital of ı, İ
that of i. Elsewhere both capitals are those of i. A text of unknown language with ı, İ or ğ is of this kind. Greek
capitals are written without accents, so Greek letters lose theirs. All else is Unicode's full case folding: ß is ss,
and a final sigma is a sigma.

**Scripts.** Spellings of one word that readers take for one, and keyboards mix:

- all: apostrophes, hyphens, double quotes, decimal digits; characters that show nothing, joiners included
- Arabic: hamza carriers, both kinds of ya, kaf and ha, ta marbuta; vowel signs and tatweel are dropped
- Hebrew: points are dropped, final letters stay
- Cyrillic: ё is е; stress marks are dropped
- Devanagari: nukta dropped, candrabindu is anusvara, and so is a nasal before a consonant of its class
- Malayalam and Bengali: letters without a vowel as letter and virama; Thai and Lao: two e for ae
- Latin: comma and cedilla below s and t; œ and oe; the tone of Vietnamese diphthongs stands on the first vowel
- Chinese, Japanese: full and half width (by NFKC). Simplified and traditional characters stay apart, as Cyrillic and
  Latin Serbian do.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, lru_cache

import regex

from synthetic_textcat.text.unicode import composed

_DOTTED_AND_DOTLESS = frozenset({"tr", "az"})
_ONLY_TURKIC = frozenset("ıİğĞ")
DOT_ABOVE = "\u0307"
"""Combining sign that is left of İ in its small form."""

_APOSTROPHES = "\u2018\u2019\u201a\u201b\u02b9\u02bb\u02bc\u02bd\u02c8\u2032\u055a\u05f3\u0060\u00b4\uff07"
_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u05f4\uff02"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2212\u058a\u05be\ufe63\uff0d"
_SIGNS = {
    **dict.fromkeys(_APOSTROPHES, "'"),  # NFKC makes a space and an accent of some
    **dict.fromkeys(_QUOTES, '"'),
    **dict.fromkeys(_HYPHENS, "-"),
}
_SIGN = re.compile(f"[{re.escape(''.join(_SIGNS))}]")

_ARABIC = {
    **dict.fromkeys("أإآٱ", "ا"),
    "ؤ": "و",
    **dict.fromkeys("ئىیېۍ", "ي"),
    **dict.fromkeys("کڪ", "ك"),
    **dict.fromkeys("ةہۀەۃۂ", "ه"),
    "ۓ": "ے",
}
_ARABIC_SIGNS = (*range(0x610, 0x61B), 0x640, *range(0x64B, 0x660), 0x670, *range(0x6D6, 0x6E9), *range(0x6EA, 0x6EE))
_HEBREW_POINTS = (*range(0x591, 0x5BE), 0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7)
_OTHER_LETTERS = {
    "ё": "е",
    "ş": "ș",
    "ţ": "ț",
    "œ": "oe",
    "ǝ": "ə",
    "ऩ": "न",
    "ऱ": "र",
    "ऴ": "ळ",
    "\u093c": "",  # nukta
    "\u0901": "\u0902",
    "\u09ce": "\u09a4\u09cd",
    **{chillu: f"{letter}\u0d4d" for chillu, letter in zip("ൺൻർൽൾൿ", "ണനരലളക", strict=True)},
    "\u301c": "~",
}
_MAY_HAVE_A_RULE = re.compile(r"[\u0300-\u036f\u094d\u0e40\u0ec0]")
_ACCENT = regex.compile(r"(\p{Cyrillic})[\u0300\u0301]++|(\p{Greek})\p{M}++")
_NASAL = regex.compile("ङ्(?=[क-घ])|ञ्(?=[च-झ])|ण्(?=[ट-ढ])|न्(?=[त-ध])|म्(?=[प-भ])")
_SECOND_VOWELS = {"o": ("àáảãạèéẻẽẹ", "òóỏõọ", "ae"), "u": ("ỳýỷỹỵ", "ùúủũụ", "y")}
_TONE_MOVED = {
    first + toned: firsts[place % len(firsts)] + plain[place // len(firsts)]
    for first, (second, firsts, plain) in _SECOND_VOWELS.items()
    for place, toned in enumerate(second)
}
_TONE_ON_SECOND = re.compile(
    rf"(?:{'|'.join(f'{first}[{toned}]' for first, (toned, *_) in _SECOND_VOWELS.items())})(?!\w)"
)
_TONE_AT_END = re.compile(rf"[{''.join(toned for toned, *_ in _SECOND_VOWELS.values())}](?!\w)")
_MAY_BE_UNCHANGED = (range(0x80, 0x250), range(0x2000, 0x2070), range(0x20A0, 0x20C0))
"""Letters and signs of most languages in Latin letters."""


def comparable(text: str, code: str | None = None) -> str:
    """The text as it counts for comparison: `canonical`, case folded by the rules of the language.

    Args:
        text: Any text.
        code: Code of its language, `tr` or `zh-Hans`; None if unknown.
    """
    if text.isascii() and text.isprintable() and not _has_other_spaces(text):
        return _case_folded(text, code)  # in a third of the time
    return " ".join(compared_words(text, code))


def _has_other_spaces(text: str) -> bool:
    """Whether a text has spaces other than single ones between words."""
    return "  " in text or text.startswith(" ") or text.endswith(" ")


def compared_words(text: str, code: str | None = None) -> list[str]:
    """Pieces between spaces of the text in its comparison form (`comparable`)."""
    if text.isascii():
        return _case_folded(text, code).split()
    if _unchanged().fullmatch(text):
        return _with_tones_on_first(_case_folded(text, _code_of(text, code))).split()
    composed_text = _in_nfkc(text)
    return _in_script_form(_case_folded(composed_text, _code_of(composed_text, code)))


def _code_of(text: str, code: str | None) -> str | None:
    """The code of the text's language; that of Turkish for a text of unknown language with letters of its own."""
    return "tr" if code is None and not _ONLY_TURKIC.isdisjoint(text) else code


def sentence_key(text: str, code: str | None = None) -> str:
    """The comparison form of a text or name, without final full stops."""
    return comparable(text, code).rstrip(".").rstrip()


def canonical(text: str) -> str:
    """The text in the normal form of its script, with its capitals and single spaces."""
    return " ".join(_in_script_form(_in_nfkc(text)))


@lru_cache(maxsize=65_536)
def name_keys(name: str) -> tuple[tuple[str | None, str], ...]:
    """Each way of folding case, with the name so folded, less final full stops; two names are alike if they share one.

    Both ways are tried since a name's language is unknown: İade and iade are alike, as are IRMAK and ırmak, but not adı
    and adi. Spellings of one script count: a set may have two labels that differ in them.
    """
    composed_name = composed(name)
    folded = ((code, _case_folded(composed_name, code)) for code in (None, "tr"))
    return tuple((code, " ".join(form.split()).rstrip(".").rstrip()) for code, form in folded)


def first_alike(names: Iterable[str], reduced: Callable[[str], str] = str) -> tuple[str, str] | None:
    """The first two names that are alike; None if all differ.

    Args:
        names: In their order.
        reduced: What counts of a name's folded form.
    """
    seen: dict[tuple[str | None, str], str] = {}
    for name in names:
        keys = [(code, reduced(form)) for code, form in name_keys(name)]
        for key in keys:
            if key in seen:
                return seen[key], name
        seen.update(dict.fromkeys(keys, name))
    return None


def _in_nfkc(text: str) -> str:
    return text if text.isascii() else composed(_SIGN.sub(lambda found: _SIGNS[found[0]], text))


def _case_folded(text: str, code: str | None) -> str:
    if code in _DOTTED_AND_DOTLESS:
        return text.replace("I", "ı").replace("İ", "i").casefold()
    folded = text.replace("İ", "i").casefold()
    return folded.replace(f"i{DOT_ABOVE}", "i") if DOT_ABOVE in folded else folded


def _in_script_form(text: str) -> list[str]:
    if text.isascii():
        return text.split()
    letter, replacements = _replaced_letters()
    text = letter.sub(lambda found: replacements[found[0]], text)
    if _MAY_HAVE_A_RULE.search(text):
        text = _NASAL.sub("\u0902", _ACCENT.sub(r"\1\2", text)).replace("เเ", "แ").replace("ເເ", "ແ")
    return _with_tones_on_first(text).split()


def _with_tones_on_first(text: str) -> str:
    if _TONE_AT_END.search(text) is None:
        return text
    return _TONE_ON_SECOND.sub(lambda found: _TONE_MOVED[found[0]], text)


@cache
def _replaced_letters() -> tuple[re.Pattern[str], dict[str, str]]:
    """Characters that count as another one or as none, as a pattern and by character."""
    table: dict[str, str] = {}
    for character in map(chr, range(0x80, 0x10000)):  # beyond it are no letters of the languages that can be planned
        category = unicodedata.category(character)
        if category == "Nd":
            table[character] = str(unicodedata.decimal(character))
        elif category == "Cf":
            table[character] = ""
    for character in map(chr, (*range(0x370, 0x400), *range(0x1F00, 0x2000))):
        decomposed = unicodedata.normalize("NFD", character)
        plain = "".join(each for each in decomposed if not unicodedata.combining(each))
        if plain and plain != character:
            table[character] = plain
    table |= _ARABIC | _OTHER_LETTERS | dict.fromkeys(map(chr, (*_ARABIC_SIGNS, *_HEBREW_POINTS)), "")
    return re.compile(f"[{''.join(map(re.escape, table))}]"), table


@cache
def _unchanged() -> re.Pattern[str]:
    """Texts of which nothing but case and tones differs in their normal form, as most in Latin letters.

    One look at such a text is in place of five, by which it would be normalised.
    """
    letter, _ = _replaced_letters()

    def stays(character: str) -> bool:
        forms = {character, *_case_folded(character, None), *_case_folded(character, "tr")}
        is_composed = unicodedata.normalize("NFKC", character) == character and not _SIGN.match(character)
        patterns = (letter, _MAY_HAVE_A_RULE)
        return is_composed and not any(pattern.match(form) for pattern in patterns for form in forms)

    ascii_signs = (re.escape(chr(code)) for code in range(0x80) if not _SIGN.match(chr(code)))
    others = (chr(code) for codes in _MAY_BE_UNCHANGED for code in codes if stays(chr(code)))
    return re.compile(f"[{''.join((*ascii_signs, *others))}]*")
