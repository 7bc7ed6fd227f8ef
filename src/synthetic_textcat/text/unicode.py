"""When two texts count as the same."""

import re
import unicodedata
from collections.abc import Iterator

_PIECE = 500
"""Characters that are normalised at once. The time to sort accents grows with the square of how many are in a row:
100,000 of them would hold the interpreter for ten seconds."""

_WINDOW = 100  # characters at the end of a piece in which a place to cut is looked for
_NEIGHBOURS = 8  # characters on either side that may compose, as the three letters of a Korean syllable do
_LAST_ASCII = re.compile(r"[\x00-\x7f](?=[^\x00-\x7f]*\Z)")


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
    """Where the piece from here on ends: before a character that composes with none before it, as no ASCII one does."""
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
