"""Which characters of a text can be seen."""

import unicodedata

_JOINERS = "\u200c\u200d"  # they shape letters in Persian and Hindi, and emoji
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a sign that show nothing

_REPLACED = "\ufffd"


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
    """The text as a terminal may show it: what does not show, and could steer the terminal, is replaced by U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_REPLACED if is_invisible(each) and each not in "\n\t" else each for each in text)


def single_line(said: object, longest: int | None = None) -> str:
    """An error, or any words, in one line: runs of white space and line breaks are one space.

    Args:
        said: What is said; an exception gives its message.
        longest: Characters that are kept.
    """
    return " ".join(str(said).split())[:longest]


def in_visible_line(text: str) -> str:
    """The text in one line, without what does not show."""
    visible = single_line("".join(each for each in single_line(text) if not is_invisible(each)))
    return visible if first_invisible(visible) is None else ""
