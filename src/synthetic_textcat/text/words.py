"""Word splitting: words with their ends in the text for measures of diversity, word features for linear models."""

import re
import string
from typing import NamedTuple

from synthetic_textcat.text.unicode import composed

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3041-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_PIECE = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_PUNCTUATION = string.punctuation + "“”‘’„‚«»‹›…—–¡¿·、。〈〉《》「」『』【】।॥،؛؟։።၊။។"  # noqa: RUF001

_SEPARATORS = (
    r"!-/:-@\[-`{-~"  # ASCII
    r"\u00a1-\u00bf\u2010-\u206f"  # Latin quotes, dashes, dots
    r"\u060c\u061b\u061f\u06d4\u0964\u0965"  # Arabic and Indian stops
    r"\u3000-\u303f\uff00-\uff0f\uff1a-\uff20"  # Chinese and Japanese
)
_FEATURE = re.compile(rf"[^\s{_SEPARATORS}]+")  # and not \w, which breaks words at the vowel signs of many scripts
_UNSPACED_LETTER = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        form: NFKC, case folded, without the punctuation around it.
        end: Where it ends in the text, with the punctuation.
    """

    form: str
    end: int


def located_words(text: str) -> list[Word]:
    """The words: what white space separates, and each character of a script that is written without spaces."""
    pieces = ((_form(match[0]), match.end()) for match in _PIECE.finditer(text))
    return [Word(form, end) for form, end in pieces if form]


def _form(piece: str) -> str:
    return composed(piece).casefold().strip(_PUNCTUATION)


def word_features(text: str) -> list[str]:
    """What stands between spaces and punctuation, case folded; a script without spaces gives pairs of characters.

    Single letters from a to z are what an apostrophe leaves over, and no words.
    """
    pieces = [piece for piece in _FEATURE.findall(text.casefold()) if len(piece) > 1 or not "a" <= piece <= "z"]
    if _UNSPACED_LETTER.search(text) is None:
        return pieces
    return [part for piece in pieces for part in _parts(piece)]


def _parts(piece: str) -> list[str]:
    if len(piece) < 3 or _UNSPACED_LETTER.search(piece) is None:
        return [piece]
    return [piece[start : start + 2] for start in range(len(piece) - 1)]
