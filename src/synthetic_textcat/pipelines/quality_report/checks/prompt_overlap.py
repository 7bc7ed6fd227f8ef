"""Overlap of texts with their prompt, by word n-grams."""

from collections.abc import Collection
from typing import NamedTuple, Self


class PromptIndex(NamedTuple):
    """Word n-grams of a task's prompts."""

    grams: frozenset[tuple[str, ...]] = frozenset()

    @classmethod
    def of(cls, task_text: str, instructions: Collection[str], seed_texts: Collection[str]) -> Self:
        """The index of a task."""
        del task_text, instructions, seed_texts
        return cls()


def find_overlap(text: str, index: PromptIndex, most: float | None) -> str | None:
    """The overlap of a text with its prompt."""
    del text, index, most
    return None
