"""From an item of a model's list to the sentence that describes a task, or to nothing."""

import re
from collections.abc import Mapping

LONGEST_SENTENCE = 300
FEWEST_WORDS = 3

_TELLING_KEYS = ("task", "sentence", "description", "text")
NUMBERING = r"(?:\(?\d{1,4}[.):](?!\d)|#\d{1,4}[.):]?|(?:classification )?task\s*(?:#?\d{1,4}\s*[.):\u2013\u2014-]|:))"
"""What numbers an item of a list: `1.`, `(2)`, `#3`, `Task 4:`. For patterns that ignore case."""

BULLET = r"[-*+\u2022\u2013\u2014](?=\s)"

_PREFIX = re.compile(rf"(?:{BULLET}|{NUMBERING})\s*", re.IGNORECASE)
_MOST_PREFIXES = 3
_MARKUP = re.compile(r"\*\*|__|`")
_NEXT_SENTENCE = re.compile(r"[.!?][\"')]*\s+[A-Z]|<br\s*/?>")
_SEVERAL_SENTENCES = 2  # a task may have a second one, but a whole list in one item is no task
_CHATTER = re.compile(
    r"(?:here (?:are|is)|sure|certainly|of course|let me|i(?:'m| am| can| hope)?|sorry|as an)\b", re.IGNORECASE
)
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
    words = [word for word in sentence.split() if any(map(str.isalpha, word))]
    is_one = len(sentence.splitlines()) == 1 and len(_NEXT_SENTENCE.findall(sentence)) < _SEVERAL_SENTENCES
    is_chatter = sentence.endswith(":") or _CHATTER.match(sentence) is not None
    return len(words) >= FEWEST_WORDS and len(sentence) <= LONGEST_SENTENCE and is_one and not is_chatter
