"""Token limits of replies, derived from the planned length and the script of the language (`llm.max_tokens: planned`).

    limit = 100 + label tokens + 2 * most words * tokens a word, at most 8,192

- Most words: the words at which the next longer choice of `num_words` begins; 400 for the longest. The upper bound of
  an own range; of characters, one token each in Latin script, three in others, since no token is less than a byte.
- The factor 2 leaves room for texts that are longer than requested.
- Tokens a word: upper bounds over the tokenisers of GPT-3 (p50k), GPT-4, GPT-4o, Claude 2, DeepSeek 3, Mistral 7B and
  Mistral Nemo, per word of an English original. Measured on translated messages of Django in 90 languages and on the
  offline model's texts in all languages: at most 5.8 in Latin script, 9.3 in Arabic, 8.2 in Hangul, 7.7 in Greek and
  Cyrillic, 18.8 in Indian scripts. English takes 1.4.
- Label tokens: their UTF-8 bytes, since no token is less than a byte; 240 for labels that the model invents.
- 100 tokens for the JSON around the text; 20 for that of a judge's answer about one label.

Not covered: thoughts of reasoning models, and letters that a server escapes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.lengths import CHARACTERS, Length, length_of
from synthetic_textcat.schemas.parameters import PLANNED, LlmParameters

LARGEST = 8_192
"""Largest first limit: several models write no more in one reply."""

LARGEST_RAISED = 16_384
"""Largest limit after truncated replies."""

_FORM, _OPEN_LABELS, _ANSWER = 100, 240, 20
_ROOM = 2
_STEP = 64
_BOUNDS = (10, 50, 100, 200, 400)
_LATIN, _OTHER_ALPHABETS, _SYLLABLES = 6, 10, 20
_MOST_BYTES = 3  # UTF-8 bytes of a character of today's scripts, but for emoji
_PER_WORD = {
    "Latn": _LATIN,
    **dict.fromkeys(("Arab", "Cyrl", "Grek", "Hang", "Hans", "Hant", "Hebr", "Jpan"), _OTHER_ALPHABETS),
}
_SENTENCE = 200
"""Tokens of a sentence or a described label in brainstorming: five times what is usual in English."""


class TokenLimit(NamedTuple):
    """Token limit of the first reply to a call.

    Attributes:
        tokens: The limit.
        is_planned: Whether it is derived from the plan; the user's own number is never exceeded.
    """

    tokens: int
    is_planned: bool = True

    def after(self, truncated: int) -> int:
        """The limit after so many truncated replies: doubled for each, up to `LARGEST_RAISED`."""
        return max(self.tokens, min(self.tokens << truncated, LARGEST_RAISED)) if self.is_planned else self.tokens


def limit_of(llm: LlmParameters, planned: Callable[[], int]) -> TokenLimit | None:
    """The limit that the settings ask for; None if no limit is sent.

    Args:
        llm: The settings.
        planned: Derives the limit from what is requested.
    """
    if isinstance(llm.max_tokens, int):
        return TokenLimit(llm.max_tokens, is_planned=False)
    return TokenLimit(planned()) if llm.max_tokens == PLANNED else None


def row_tokens(row: Mapping[str, Any]) -> int:
    """Limit derived for the reply to a planned row, in tokens.

    Args:
        row: The planned row with language, num_words, label or labels, and misleading_label.
    """
    length = length_of(str(row["num_words"]))
    script = find_language(row["language"]).script
    if length is not None and length.unit == CHARACTERS:
        most, tokens = length.upper or 2 * length.least, 1 if script == "Latn" else _MOST_BYTES
    else:
        most, tokens = _most_words(length), _PER_WORD.get(script, _SYLLABLES)
    several = row.get("labels") if row["label"] is None else None
    labels = [*([row["label"]] if several is None else several), row["misleading_label"]]
    label_tokens = sum(len(str(label).encode()) for label in labels) if all(labels) else _OPEN_LABELS
    return _rounded(_FORM + label_tokens + _ROOM * most * tokens)


def verdict_tokens(options: Sequence[str]) -> int:
    """Limit derived for a judge's reply, which names one or two of these options, in tokens."""
    return _rounded(_FORM + 2 * max(len(option.encode()) for option in options))


def verdict_of_several_tokens(labels: Sequence[str]) -> int:
    """Limit derived for a judge's reply that answers yes or no for each of these labels, in tokens."""
    return _rounded(_FORM + sum(_ANSWER + len(label.encode()) for label in labels))


def list_tokens(items: int) -> int:
    """Limit derived for a brainstormed list of sentences or described labels, in tokens."""
    return _rounded(_FORM + items * _SENTENCE)


def _most_words(length: Length | None) -> int:
    """Words at which the next longer choice begins; the upper bound, if there is one."""
    if length is None:
        return _BOUNDS[-1]
    if length.upper is not None:
        return length.upper
    return next((bound for bound in _BOUNDS if bound > length.least), 2 * length.least)


def _rounded(tokens: int) -> int:
    return min(LARGEST, -(-tokens // _STEP) * _STEP)
