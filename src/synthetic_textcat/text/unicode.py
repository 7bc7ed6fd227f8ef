"""Unicode: normalisation, invisible characters, lone surrogates, and scripts without spaces between words.

Scripts without spaces: Chinese, Japanese, Thai, Lao, Khmer, Burmese.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import regex

_PIECE = 500
"""Characters that are normalised at once. The time to sort accents grows with the square of how many are in a row:
100,000 of them would hold the interpreter for ten seconds."""

_WINDOW = 100  # characters at the end of a piece in which a place to cut is looked for
_NEIGHBOURS = 8  # characters on either side that may compose, as the three letters of a Korean syllable do
_LAST_ASCII = re.compile(r"[\x00-\x7f](?=[^\x00-\x7f]*\Z)")
_JOINERS = "\u200c\u200d"  # they shape letters in Persian and Hindi, and emoji
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a sign that show nothing

_REPLACED = "\ufffd"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")

_UNSPACED_SCRIPTS = {
    "Han": ("Hans", "Hant", "Hani"),
    "Hiragana": ("Jpan", "Hira", "Hrkt"),
    "Katakana": ("Jpan", "Kana"),
    "Thai": ("Thai",),
    "Lao": ("Laoo",),
    "Khmer": ("Khmr",),
    "Myanmar": ("Mymr",),
}
"""Scripts without spaces between words: Unicode's script property, and the ISO 15924 codes of what is written in it."""

_MARKS_OF_KANA = r"\u30fc\uff70\u3099-\u309c"  # they belong to both kana, and to neither by property
UNSPACED = "".join(rf"\p{{{script}}}" for script in _UNSPACED_SCRIPTS) + _MARKS_OF_KANA
"""Characters of these scripts, as the inside of a character class of the package `regex`."""

UNSPACED_CODES = frozenset(code for codes in _UNSPACED_SCRIPTS.values() for code in codes)
WITHOUT_WORDS = frozenset({"Bali", "Cham", "Java", "Lana", "Tale", "Talu", "Tavt", "Tibt"})
"""Other scripts without spaces between words, by ISO 15924 code: ICU has no dictionary for what is written in them."""

UNSPACED_LETTER = regex.compile(f"[{UNSPACED}]")
_MAY_BE_UNSPACED = re.compile(r"[\u0e00-\u1fff\u2e80-\U0010ffff]")
"""A bound around them, without Latin letters and punctuation: `re` finds it ten times as fast as `regex` finds them."""


def normalised(text: str) -> str:
    """The text as it counts for comparison: NFKC, case folded, white space collapsed."""
    return " ".join(composed(text).casefold().split())


def composed(text: str) -> str:
    """The text in NFKC, in time that grows with its length."""
    return _nfkc(text) if len(text) <= _PIECE or text.isascii() else "".join(map(_nfkc, _pieces(text)))


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _pieces(text: str) -> Iterator[str]:
    """The text in parts that come to the same when each is normalised alone; cut anywhere where it is all accents."""
    start = 0
    while start < len(text):
        end = _cut(text, start)
        yield text[start:end]
        start = end


def _cut(text: str, start: int) -> int:
    """End of the piece that starts here: before a character that composes with none before it, as no ASCII one does."""
    end = start + _PIECE
    if end >= len(text):
        return len(text)
    found = _LAST_ASCII.search(text, end - _WINDOW, end)
    if found:
        return found.start()
    return next((place for place in range(end, end - _WINDOW, -1) if _parts(text, place)), end)


def _parts(text: str, place: int) -> bool:
    """Whether the characters before the place and those from it on come to the same apart."""
    before, after = text[place - _NEIGHBOURS : place], text[place : place + _NEIGHBOURS]
    return unicodedata.combining(after[0]) == 0 and _nfkc(before) + _nfkc(after) == _nfkc(before + after)


def is_invisible(character: str) -> bool:
    """Whether the character shows nothing and is no space: line breaks, controls, zero-width ones, fillers."""
    if character in _JOINERS:
        return False
    return character in _BLANKS or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def first_invisible(text: str) -> str | None:
    """The first character that does not show; the first at all, where none does."""
    first = next(filter(is_invisible, text), None)
    shows = any(not character.isspace() and character not in _JOINERS for character in text)
    return first if first or shows else text[:1]


def printable(text: str) -> str:
    """The text as a terminal may show it: invisible characters, which could steer a terminal, become U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_REPLACED if is_invisible(each) and each not in "\n\t" else each for each in text)


def visible_controls(text: str) -> str:
    r"""The text with control characters and noncharacters as JSON escapes them, `\u0000`; tabs and line ends stay.

    Tables and exports hold no such character: a NUL ends a text in C, most are forbidden in XML, and a terminal obeys
    them.
    """
    return text if text.isprintable() else _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def single_line(said: object, longest: int | None = None) -> str:
    """An error, or any words, in one line: runs of white space and line breaks are one space.

    Args:
        said: What is said; an exception gives its message.
        longest: Characters that are kept.
    """
    return " ".join(str(said).split())[:longest]


def in_visible_line(text: str) -> str:
    """The text in one line, without invisible characters."""
    visible = single_line("".join(each for each in single_line(text) if not is_invisible(each)))
    return visible if first_invisible(visible) is None else ""


def replace_surrogates(value: Any) -> Any:
    """The value with surrogate pairs joined and lone surrogates replaced: UTF-8, and so Parquet, has no place for them.

    Texts within lists and mappings are repaired too; nesting must be bounded by the caller.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {replace_surrogates(key): replace_surrogates(item) for key, item in value.items()}
    return value


def is_unspaced(text: str) -> bool:
    """Whether the text has a character of such a script."""
    if text.isascii():
        return False
    return _MAY_BE_UNSPACED.search(text) is not None and UNSPACED_LETTER.search(text) is not None
