"""Recovery of one broken reply within a budget of steps and a limit of nesting."""

from collections.abc import Iterator
from typing import Any, Self, SupportsIndex

from synthetic_textcat.text.unicode import single_line

_A_SENTENCE = 40  # steps that a look at a text takes, however short it is
_LONGEST_ERROR = 120

_LONGEST_REPAIR, _MOST_BRACKETS = 30_000, 500
"""What the repair library is given: so many characters and opening brackets. Some of its work can't be counted from
outside: it copies a text with each character that it adds to it, and goes through a list with each item."""

READING_STEPS = 350_000
"""What finding lists and objects in a reply may cost; a step is a quarter of a microsecond or less on a slow core.

A brainstormed list of 100 sentences takes 20,000 to 40,000; one of 1,000, which is as long as a reply may be, 340,000.
"""

REPAIR_STEPS = 150_000
"""How often the repair library may look at a character: 0.1 to 1 µs, by what it does with it.

A broken row takes 2 to 5 steps a character. Of a text that is all quotes or brackets the library's time grows with the
square of its length: 8,000 such characters are seconds, and millions of steps.
"""

DEEPEST_NESTING = 64
"""Levels of lists and objects that are read. What is deeper counts as no JSON: where exactly Python's decoder gives up
depends on how deep the stack is that calls it, and a verdict must not."""


class Recovery:
    """The work that reading one reply may still cost, and what a library said that could not read it.

    Attributes:
        error: What the repair library raised first, in one line; empty where it raised nothing.
        limit: Which limit kept it from its work, likewise.
    """

    def __init__(self) -> None:
        self.error = self.limit = ""
        self._reading = WorkBudget(READING_STEPS)
        self._repairs = WorkBudget(REPAIR_STEPS)

    def spend(self, steps: int) -> None:
        """Counts work.

        Raises:
            WorkLimitError: If the reply has had its share.
        """
        self._reading.spend(steps)

    def repaired(self, text: str) -> Any:
        """What the repair library makes of the text; None where it gives up, fails, or the budget for it is used up."""
        if len(text) > _LONGEST_REPAIR or text.count("{") + text.count("[") > _MOST_BRACKETS:
            self.limit = self.limit or "too long or too nested to be repaired"
            return None
        import json_repair  # few replies need it

        try:
            value = unmetered(json_repair.loads(MeteredText.of(text, self._repairs), skip_json_loads=True))
            return value if depth_within(value, DEEPEST_NESTING) else None
        except WorkLimitError as limit:
            self.limit = self.limit or f"json-repair took {limit}"
        except Exception as error:  # noqa: BLE001 - it asserts, recurses and indexes its way through any text
            self.error = self.error or _in_one_line(error)
        return None

    def weigh(self, value: Any) -> None:
        """Counts the work of going through a value of a decoded reply: all of its texts, keys and items."""
        self.spend(_A_SENTENCE + (len(value) if isinstance(value, str) else 0))
        if isinstance(value, dict):
            for key, part in value.items():
                self.spend(len(key))
                self.weigh(part)
        elif isinstance(value, list):
            for part in value:
                self.weigh(part)


def _in_one_line(error: Exception) -> str:
    said = single_line(error, _LONGEST_ERROR)
    return f"json-repair: {type(error).__name__}{said and f': {said}'}"


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


def depth_within(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested in one another no deeper."""
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(depth_within(part, levels - 1) for part in parts)
