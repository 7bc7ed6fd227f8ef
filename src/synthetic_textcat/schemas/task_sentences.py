"""From an item of a model's list to the sentence that describes a task, or to nothing."""

import re
from collections.abc import Mapping

from synthetic_textcat.unspaced import UNSPACED

LONGEST_SENTENCE = 300
FEWEST_WORDS = 3
LETTERS_A_WORD = 2  # where no spaces tell words apart; in Thai they are longer

_TELLING_KEYS = ("task", "sentence", "description", "text")
NUMBERING = (
    r"(?:[(\uff08]?\d{1,4}[.):\uff0e\uff09\uff1a\u3001](?!\d)|#\d{1,4}[.):]?"
    r"|(?:classification )?task\s*(?:#?\d{1,4}\s*[.):\u2013\u2014-]|:))"
)
"""What numbers an item of a list: `1.`, `(2)`, `#3`, `Task 4:`, `5、`. For patterns that ignore case."""

BULLET = r"(?:[-*+\u2013\u2014](?=\s)|[\u2022\u2023\u25aa\u25cf\u25e6\u30fb])"

_PREFIX = re.compile(rf"(?:{BULLET}|{NUMBERING})\s*", re.IGNORECASE)
_MOST_PREFIXES = 3
_MARKUP = re.compile(r"\*\*|__|`")
_NEXT_SENTENCE = re.compile(r"[.!?][\"')]*\s+[A-Z]|[\u3002\uff01\uff1f][\"')\u300d\u300f\u201d]*\s*\w|<br\s*/?>")
_SEVERAL_SENTENCES = 2  # a task may have a second one, but a whole list in one item is no task
_CHATTER = re.compile(
    r"(?:here (?:are|is)|sure|certainly|of course|let me|i(?:'m| am| can| hope)?|sorry|as an)\b", re.IGNORECASE
)
_UNSPACED_LETTER = re.compile(f"[{UNSPACED}]")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb"}


def sentence_of(item: object) -> str | None:
    """The item's sentence without numbering, bullets, prefixes and quotes; None where it can't be a task's.

    An item may be a text, or an object that holds one: under a telling key, else its longest.
    """
    if isinstance(item, Mapping):
        return _sentence_in(item)
    if not isinstance(item, str):
        return None
    sentence = _cleaned(item)
    return sentence if _is_usable(sentence) else None


def _sentence_in(item: Mapping[str, object]) -> str | None:
    texts = {str(key).casefold(): text for key, text in item.items() if isinstance(text, str)}
    longest_first = sorted(texts.values(), key=len, reverse=True)
    candidates = [texts[key] for key in _TELLING_KEYS if key in texts] + longest_first
    return next((found for text in candidates if (found := sentence_of(text)) is not None), None)


def _cleaned(text: str) -> str:
    text = _MARKUP.sub("", text).strip()
    for _ in range(_MOST_PREFIXES):
        text = _unquoted(_PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text)
    return text


def _unquoted(text: str) -> str:
    text = text.strip().rstrip(",;").rstrip()
    return text[1:-1].strip() if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] else text


def _is_usable(sentence: str) -> bool:
    is_one = len(sentence.splitlines()) == 1 and len(_NEXT_SENTENCE.findall(sentence)) < _SEVERAL_SENTENCES
    is_chatter = sentence.endswith(":") or _CHATTER.match(sentence) is not None
    return _words(sentence) >= FEWEST_WORDS and len(sentence) <= LONGEST_SENTENCE and is_one and not is_chatter


def _words(sentence: str) -> int:
    """How many words the sentence has; of a script without spaces, so many letters count as one."""
    unspaced = sum(map(str.isalpha, _UNSPACED_LETTER.findall(sentence)))
    spaced = sum(any(map(str.isalpha, word)) for word in _UNSPACED_LETTER.sub(" ", sentence).split())
    return spaced + unspaced // LETTERS_A_WORD
