"""The smallest steps of writing: draws, slots, leaks and sentence form. Pure."""

import functools
import re
from collections.abc import Sequence
from typing import TypeVar

from synthetic_textcat.hashing import draw, pick, shuffled
from synthetic_textcat.llm.offline.grammar import Slots, Template

T = TypeVar("T")

# "a" before a vowel sound; letters decide, but for the few openings whose sound differs from their letter.
_ARTICLE = re.compile(r"\b([Aa])(?= (?:(?!uni|use|usu|one\b|once|eu|uti)[aeiouAEIOU8]|hour|honest|heir))")


class Draws:
    """Draws one after another, each a hash of the key and its place in the row."""

    def __init__(self, *key: object) -> None:
        self._key = key
        self._count = 0

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, with even odds."""
        self._count += 1
        return pick(options, *self._key, self._count)

    def happens(self, odds: float) -> bool:
        """Whether something of these odds happens."""
        self._count += 1
        return draw(*self._key, self._count) < odds

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """The options in a drawn order."""
        self._count += 1
        return shuffled(options, *self._key, self._count)


def expand(template: Template, slots: Slots, draws: Draws) -> str:
    """The template with each slot filled, and the slots of the fillings too."""
    pieces: list[str] = []
    for literal, slot in template:
        pieces.append(literal)
        if slot:
            filling = expand(draws.pick(slots[slot]), slots, draws)
            # "Anna and Anna" reads badly: a filling that is there already is drawn once more.
            pieces.append(expand(draws.pick(slots[slot]), slots, draws) if filling in pieces else filling)
    return "".join(pieces)


@functools.lru_cache(maxsize=1024)
def _leak_pattern(labels: tuple[str, ...]) -> re.Pattern[str] | None:
    alternatives = "|".join(re.escape(label) for label in labels if label)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE) if alternatives else None


def leaks(text: str, labels: tuple[str, ...]) -> bool:
    """Whether the text contains one of the labels as whole words."""
    pattern = _leak_pattern(labels)
    return pattern is not None and pattern.search(text) is not None


def as_sentence(text: str) -> str:
    """The text with its articles, first capital and closing full stop in order."""
    text = _ARTICLE.sub(r"\1n", text)
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in '?!.' else '.'}"
