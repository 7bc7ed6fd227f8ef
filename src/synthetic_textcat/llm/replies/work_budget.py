"""Work limits for the recovery of a broken reply: a budget of steps and a maximum nesting depth."""

from collections.abc import Iterator
from typing import Any, Self, SupportsIndex

from synthetic_textcat.text.unicode import single_line

_A_SENTENCE = 40  # minimum steps for a check of a text
_LONGEST_ERROR = 120

_LONGEST_REPAIR, _MOST_BRACKETS = 30_000, 500
"""Limits on input for the repair library, in characters and opening brackets. Some of its work can't be counted from
outside: it copies the text for each character that it adds, and scans a list for each item."""

READING_STEPS = 350_000
"""Budget for finding lists and objects in a reply; a step is a quarter of a microsecond or less on a slow core.

A brainstormed list of 100 sentences takes 20,000 to 40,000; one of 1,000, which is as long as a reply may be, 340,000.
"""

REPAIR_STEPS = 150_000
"""Budget for the repair library, in reads of a character; one takes 0.1 to 1 µs.

A broken row takes 2 to 5 steps per character. For a text of quotes or brackets only, the library's time grows with the
square of the length: 8,000 such characters take seconds, and millions of steps.
"""

DEEPEST_NESTING = 64
"""Maximum nesting of lists and objects; deeper values do not count as JSON. The limit of Python's decoder depends on
the caller's stack depth, and a result must not."""


class RecoveryBudget:
    """Remaining work budget for one reply, and the first failure of the repair library.

    Attributes:
        error: The first exception of the repair library, in one line; empty if there was none.
        limit: The limit that stopped it first; empty if there was none.
    """

    def __init__(self) -> None:
        self.error = self.limit = ""
        self._reading = WorkBudget(READING_STEPS)
        self._repairs = WorkBudget(REPAIR_STEPS)

    def spend(self, steps: int) -> None:
        """Counts steps of work.

        Raises:
            WorkLimitError: If the budget is used up.
        """
        self._reading.spend(steps)

    def repaired(self, text: str) -> Any:
        """The value of a text by the repair library; None if it gives up, fails, or exceeds its budget."""
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
        """Counts the work of a pass over a decoded value: all of its texts, keys and items."""
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
    """A used-up work budget. Not a subclass of exceptions that parsers catch (ValueError, IndexError, …)."""


class WorkBudget:
    """Counter of remaining steps."""

    __slots__ = ("_left", "_steps")

    def __init__(self, steps: int) -> None:
        self._steps = self._left = steps

    def spend(self, steps: int) -> None:
        """Subtracts steps.

        Raises:
            WorkLimitError: If too few are left; from then on always.
        """
        self._left -= steps
        if self._left < 0:
            raise WorkLimitError(f"more than {self._steps:,} steps")


class MeteredText(str):
    """String that counts reads of its characters: it limits the work of a third-party parser.

    Slices are metered too, since the parser may replace its text by one.
    """

    __slots__ = ("_budget",)
    _budget: WorkBudget

    @classmethod
    def of(cls, text: str, budget: WorkBudget) -> Self:
        """The text, metered by a budget."""
        metered = cls(text)
        metered._budget = budget
        return metered

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        """One step for a character; for a slice one step per character, since it will be read."""
        part = super().__getitem__(key)
        if isinstance(key, slice):
            self._budget.spend(1 + len(part))
            return MeteredText.of(part, self._budget)
        self._budget.spend(1)
        return part

    def __iter__(self) -> Iterator[str]:
        """Iterates over all characters, counting them."""
        self._budget.spend(len(self))
        return super().__iter__()

    def __add__(self, other: str) -> "MeteredText":
        """The concatenation, metered."""
        return MeteredText.of(super().__add__(other), self._budget)

    def __radd__(self, other: str) -> "MeteredText":
        """The concatenation with the other text first, metered."""
        return MeteredText.of(other.__add__(str(self)), self._budget)


def unmetered(value: Any) -> Any:
    """The value with plain strings in place of metered ones."""
    if isinstance(value, MeteredText):
        return str(value)
    if isinstance(value, list):
        return [unmetered(item) for item in value]
    if isinstance(value, dict):
        return {unmetered(key): unmetered(item) for key, item in value.items()}
    return value


def depth_within(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested at most this many levels deep."""
    if not isinstance(value, dict | list):
        return True
    if levels <= 0:
        return False
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list) and not depth_within(part, levels - 1):
            return False
    return True
