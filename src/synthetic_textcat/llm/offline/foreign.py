"""Texts in other languages than English, for the defect `wrong_language`. Pure, but for their file."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synthetic_textcat.llm.offline.expansion import Draws, expand, leaks
from synthetic_textcat.llm.offline.grammar import Slots, Template, compile_template, load_yaml

_FEWEST = 2  # sentences: enough letters for any check of languages to take a stand
_NUMBERS = tuple(compile_template(str(number)) for number in range(11, 98))


@dataclass(frozen=True, slots=True)
class Tongue:
    """What can be said in one language."""

    sentences: tuple[Template, ...]
    slots: Slots


def foreign_text(length: int, labels: Sequence[str], seed: int) -> str:
    """About so many characters in a drawn language, in which none of the labels is a word."""
    draws = Draws("foreign", seed)
    texts = [_text(tongue, length, draws) for tongue in draws.shuffled(tuple(tongues().values()))]
    return next((text for text in texts if not leaks(text, tuple(labels))), texts[0])


@functools.cache
def tongues() -> Mapping[str, Tongue]:
    """All languages, by their English names."""
    return {
        name: Tongue(
            tuple(map(compile_template, raw["sentences"])),
            {"name": tuple(map(compile_template, raw["name"])), "number": _NUMBERS},
        )
        for name, raw in load_yaml("_foreign").items()
    }


def _text(tongue: Tongue, length: int, draws: Draws) -> str:
    sentences: list[str] = []
    for template in draws.shuffled(tongue.sentences):
        if len(sentences) >= _FEWEST and len(" ".join(sentences)) >= length:
            break
        sentences.append(expand(template, tongue.slots, draws))
    return " ".join(sentences)
