"""The words of a text, as the learners see them."""

import re

_PUNCTUATION = (
    r"!-/:-@\[-`{-~"  # ASCII
    r"\u00a1-\u00bf\u2010-\u206f"  # Latin quotes, dashes, dots
    r"\u060c\u061b\u061f\u06d4\u0964\u0965"  # Arabic and Indian stops
    r"\u3000-\u303f\uff00-\uff0f\uff1a-\uff20"  # Chinese and Japanese
)
_PIECE = re.compile(rf"[^\s{_PUNCTUATION}]+")  # and not \w, which breaks words at the vowel signs of many scripts
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def words_of(text: str) -> list[str]:
    """What stands between spaces and punctuation, case folded; a script without spaces gives pairs of characters.

    Single letters from a to z are what an apostrophe leaves over, and no words.
    """
    pieces = [piece for piece in _PIECE.findall(text.casefold()) if len(piece) > 1 or not "a" <= piece <= "z"]
    if _UNSPACED.search(text) is None:
        return pieces
    return [part for piece in pieces for part in _parts(piece)]


def _parts(piece: str) -> list[str]:
    if len(piece) < 3 or _UNSPACED.search(piece) is None:
        return [piece]
    return [piece[start : start + 2] for start in range(len(piece) - 1)]
