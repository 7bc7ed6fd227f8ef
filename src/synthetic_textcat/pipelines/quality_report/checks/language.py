"""Language check: the script of a text, then the language identified from its letters.

A false `wrong` costs a paid row, so the verdict needs clear evidence. Of 86,424 messages of 20 letters or more in the
catalogs of two programs, in 81 locales, 90 are judged wrong (.10 %, some of them really English), of the 37,505 with 40
or more 24; of 114,439 shorter ones 28, most of them identifiers.
"""

import re
import tempfile
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import regex

from synthetic_textcat.errors import StorageError
from synthetic_textcat.file_errors import about_file
from synthetic_textcat.schemas.languages import Language, find_language, languages

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_LETTERS = 20
"""Minimum letters of a text for a verdict."""

GROUPS = (
    frozenset({"bs", "hr", "sr"}),  # nearly the same grammar: 20 to 60 % of real texts are identified as another one
    frozenset({"id", "ms"}),  # 13 to 25 %
    frozenset({"no", "da"}),  # 6 to 9 %, and Bokmål is written Danish
    frozenset({"gl", "es"}),  # 5 to 7 %
)
"""Groups of easily confused languages; a language agrees with any of its group. Other related pairs (Czech and Slovak,
Dutch and Afrikaans, …) are confused too, but never with enough confidence to pass `_SURELY_NOT`."""

_EXCERPT = 300  # characters: enough to identify the language, and long texts cost no more
_END = 60  # characters at either end: they settle most texts, at less than half the cost
_SURELY = 0.99  # at this level, nine in ten of the texts that switch language are found as with the whole excerpt
_MOSTLY = 1 / 2
_HARDLY = 1 / 4  # brand names and code put Latin letters into any language, and a Latin word has more of them
_SURELY_NOT = 0.05  # probability of the requested group
_LIKELY = 0.3  # probability of the likeliest other language; a title of names resembles many languages a little
_A_WORD = regex.compile(r"\p{L}\p{M}*\p{L}")  # a formula has single letters
_LATIN_NAME = re.compile(r"[A-Za-z\u00c0-\u024f]*[A-Z0-9\u00c0-\u00de][0-9A-Za-z\u00c0-\u024f'’.&+#-]*")  # noqa: RUF001
"""Words with a capital or a digit: Microsoft, iPhone, M365."""

_LEAST_OWN_LETTERS_A_NAME = 1 / 2  # with fewer it is an English title with a word of another script
_CHINESE = {"Hans": ("gb2312", "Simplified Chinese"), "Hant": ("big5", "Traditional Chinese")}
"""Script → the character set that has it, and its name."""

_LEAST_OF_OTHER_FORM = 3  # characters
_TIMES_OWN_FORM = 4  # quotations and names keep their form
_IN_NO_PROSE = "/\\@_"
_NO_PROSE = re.compile(r"[!-~]*[/\\@_][!-~]*")  # addresses, paths and identifiers

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
_ALSO_WRITTEN = {"sr": "Latn", "bs": "Cyrl", "uz": "Cyrl"}  # both scripts are in daily use


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of the language check.

    Attributes:
        verdict: `not verifiable` if the text is too short, the language can't be identified, or the evidence is weak.
        found: Language or script of the text, if wrong.
    """

    verdict: Literal["agrees", "wrong", "not verifiable"]
    found: str = ""


_AGREES, _NOT_VERIFIABLE = Finding("agrees"), Finding("not verifiable")


def can_agree(asked: str) -> bool:
    """Whether the check can confirm this language (name or code); otherwise texts are wrong or not verifiable."""
    language = find_language(asked)
    return language.script in scripts_of_one_language() or bool(_group(language))


def check_language(text: str, asked: str) -> Finding:
    """Verdict on the language of the text's beginning, against the requested language (name or code)."""
    text, language = _prose_of(text[:_EXCERPT]), find_language(asked)
    letters = letters_by_script(text)
    total, own = letters.total(), _own(letters, language)
    if own == 0 and total > 1 and _A_WORD.search(text):
        return _in_letters_of(letters)
    if total < MIN_LETTERS:
        return _other_chinese(text, language) or _NOT_VERIFIABLE
    if own < total and own and "LATIN" not in scripts_of(language):
        text, letters = _without_names(text, letters, own)
    if own < _HARDLY * letters.total():
        return _in_letters_of(letters)
    if own >= _MOSTLY * letters.total() and language.script in scripts_of_one_language():
        return _AGREES
    group = _group(language)
    found = _by_probability(text, group) if group else _NOT_VERIFIABLE
    if found.verdict == "wrong":
        return found if letters.total() >= MIN_LETTERS else _NOT_VERIFIABLE
    return _other_chinese(text, language) or found


def _own(letters: Counter[str], language: Language) -> int:
    return sum(letters[script] for script in scripts_of(language))


def _in_letters_of(letters: Counter[str]) -> Finding:
    return Finding("wrong", f"its letters are {shown(letters.most_common(1)[0][0])}")


def _without_names(text: str, letters: Counter[str], own: int) -> tuple[str, Counter[str]]:
    """The text without the names in Latin letters that any language takes over, unless it is little else."""
    if not letters["LATIN"] or own < _LEAST_OWN_LETTERS_A_NAME * len(_LATIN_NAME.findall(text)):
        return text, letters
    text = _LATIN_NAME.sub(" ", text)
    return text, letters_by_script(text)


def _other_chinese(text: str, language: Language) -> Finding | None:
    """The finding on a text in the other form of Chinese characters than was asked for, if that is clear."""
    if language.script not in _CHINESE:
        return None
    characters = {script: len(_only_in(script).findall(text)) for script in _CHINESE}
    own = characters.pop(language.script)
    ((other, count),) = characters.items()
    if count < _LEAST_OF_OTHER_FORM or count < _TIMES_OWN_FORM * own:
        return None
    return Finding("wrong", f"its characters are {_CHINESE[other][1]}")


@cache
def _only_in(script: str) -> re.Pattern[str]:
    """The characters that are in daily use in one form of Chinese only.

    The national character sets tell: GB 2312 has 6,763 simplified characters, Big5 has 13,053 traditional ones.
    """
    own, other = (_CHINESE[each][0] for each in (script, *_CHINESE.keys() - {script}))
    characters = (chr(code) for code in range(0x4E00, 0xA000))
    return re.compile(f"[{''.join(each for each in characters if _has(own, each) and not _has(other, each))}]")


def _has(encoding: str, character: str) -> bool:
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False


def _prose_of(text: str) -> str:
    return _NO_PROSE.sub(" ", text) if any(map(text.__contains__, _IN_NO_PROSE)) else text


def _both_ends(text: str) -> str:
    """Both ends of the text: a switch to another language shows at the end."""
    return text if len(text) <= 2 * _END else f"{text[:_END]} {text[-_END:]}"


def _by_probability(text: str, group: frozenset[str]) -> Finding:
    likeliest, probability = _identifier().classify(_both_ends(text))
    if likeliest in group and probability >= _SURELY:
        return _AGREES
    probabilities = dict(_identifier().rank(text))
    probability = sum(probabilities[code] for code in group)
    if probability >= _MOSTLY:
        return _AGREES
    likeliest = max(probabilities, key=probabilities.__getitem__)
    if probability >= _SURELY_NOT or probabilities[likeliest] < _LIKELY:
        return _NOT_VERIFIABLE
    return Finding("wrong", f"reads as {_name(likeliest)}")


@cache
def _group(language: Language) -> frozenset[str]:
    """Codes that count as this language; empty if the model can't identify it, as in a romanised form."""
    code = _code(language)
    if language.romanised or "-x-" in language.code or code not in _identifier().labels:
        return frozenset()
    return next((group for group in GROUPS if code in group), frozenset({code}))


def _code(language: Language) -> str:
    return language.code.partition("-")[0]


@cache
def _name(code: str) -> str:
    return next(x.name.partition(" (")[0] for x in languages() if _code(x) == code and not x.romanised)


@cache
def _identifier() -> "LanguageIdentifier":
    """Language identification model, restricted to the languages that can be requested; loaded on first use.

    Raises:
        StorageError: If there is no room for the model in the folder for temporary files, where the library unpacks it.
    """
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except OSError as error:
        said = about_file(error, tempfile.gettempdir(), "unpack the language model in")
        raise StorageError(f"{said}; or name another folder in the variable TMPDIR") from error
    identifier.set_languages({_code(language) for language in languages()} & set(identifier.labels))
    # Contiguous rows of 32-bit floats need no conversion for each text: twice as fast, the same numbers.
    identifier.nb_ptc = np.ascontiguousarray(identifier.nb_ptc, dtype=np.float32)
    return identifier


def letters_by_script(text: str) -> Counter[str]:
    """Number of letters by script, the first word of their Unicode names."""
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
