"""A work budget for one reply: reading it is counted in steps, never timed, so a verdict is the same on any machine."""

from collections.abc import Iterator
from typing import Any, Self, SupportsIndex

READING_STEPS = 350_000
"""What finding lists and objects in a reply may cost; a step is a quarter of a microsecond or less on a slow core.

A brainstormed list of 100 sentences takes 20,000 to 40,000; one of 1,000, which is as long as a reply may be, 340,000.
"""

REPAIR_STEPS = 150_000
"""How often the repair library may look at a character: 0.1 to 1 µs, by what it does with it.

A broken row takes 2 to 5 steps a character. Of a text that is all quotes or brackets the library's time grows with the
square of its length: 8,000 such characters are seconds, and millions of steps.
"""


class WorkLimitError(Exception):
    """A budget is used up. No subclass of what parsers catch by themselves (ValueError, IndexError, …)."""


class WorkBudget:
    """Steps that are left."""

    __slots__ = ("_left", "_steps")

    def __init__(self, steps: int) -> None:
        self._steps = self._left = steps

    def spend(self, steps: int) -> None:
        """Takes steps off.

        Raises:
            WorkLimitError: If there are not so many left; from then on always.
        """
        self._left -= steps
        if self._left < 0:
            raise WorkLimitError(f"more than {self._steps:,} steps")


class MeteredText(str):
    """A text that counts how often it is looked at: it bounds a parser of others that goes through it by characters.

    Parts of it are metered too, as they may replace the text that is parsed.
    """

    __slots__ = ("_budget",)
    _budget: WorkBudget

    @classmethod
    def of(cls, text: str, budget: WorkBudget) -> Self:
        """The text, counted in the budget."""
        metered = cls(text)
        metered._budget = budget
        return metered

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        """A character for a step; a part for as many steps as it has characters, since it will be gone through."""
        part = super().__getitem__(key)
        if isinstance(key, slice):
            self._budget.spend(1 + len(part))
            return MeteredText.of(part, self._budget)
        self._budget.spend(1)
        return part

    def __iter__(self) -> Iterator[str]:
        """All characters."""
        self._budget.spend(len(self))
        return super().__iter__()

    def __add__(self, other: str) -> "MeteredText":
        """A longer text, metered."""
        return MeteredText.of(super().__add__(other), self._budget)

    def __radd__(self, other: str) -> "MeteredText":
        """The same, with the other one first."""
        return MeteredText.of(other.__add__(str(self)), self._budget)


def unmetered(value: Any) -> Any:
    """The value with plain texts for metered ones."""
    if isinstance(value, MeteredText):
        return str(value)
    if isinstance(value, list):
        return [unmetered(item) for item in value]
    if isinstance(value, dict):
        return {unmetered(key): unmetered(item) for key, item in value.items()}
    return value
