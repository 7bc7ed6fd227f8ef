"""What counts as a word where texts are compared at equal length."""

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


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        form: NFKC, case folded, without the punctuation around it.
        end: Where it ends in the text, with the punctuation.
    """

    form: str
    end: int


def words_of(text: str) -> list[Word]:
    """The words: what white space separates, and each character of a script that is written without spaces."""
    pieces = ((_form(match[0]), match.end()) for match in _PIECE.finditer(text))
    return [Word(form, end) for form, end in pieces if form]


def _form(piece: str) -> str:
    return composed(piece).casefold().strip(_PUNCTUATION)
