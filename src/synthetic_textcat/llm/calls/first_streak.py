"""Streak of bad first replies to one kind of call: all from the first on fail for one cause.

Imported by the scheduler of a cluster, which adds up the streaks of all workers, so only from the standard library.
"""

from collections.abc import Iterable
from typing import NamedTuple

ENOUGH = 20
"""Bad replies that end a run."""

FEWEST_ROWS = 5
"""Number of different rows that they must belong to: several replies to one row count as one row."""

_FEWEST_TASKS = 2
_OF_THE_CONTENT = {"refused", "content_filtered"}
"""Causes that one task's content can explain; all others are caused by a setting."""


class FirstStreak(NamedTuple):
    """Bad replies from the first on, all for one cause.

    Attributes:
        cause: The common cause; empty before the first reply.
        replies: Number of replies.
        rows: Ids of their rows, as many as matter.
        tasks: Ids of their tasks, as many as matter; an empty one is of a call for no task.
        message: Of the error that ends the run if there are enough.
        is_over: Whether a reply was good, or failed for another cause: then nothing else counts.
    """

    cause: str = ""
    replies: int = 0
    rows: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    message: str = ""
    is_over: bool = False

    @property
    def is_long(self) -> bool:
        """Whether the streak ends the run. A cause that the content can explain must occur in several tasks."""
        if self.is_over or self.replies < ENOUGH or len(self.rows) < FEWEST_ROWS:
            return False
        is_one_task = len(self.tasks) < _FEWEST_TASKS and "" not in self.tasks
        return not (self.cause in _OF_THE_CONTENT and is_one_task)

    def plus(self, other: "FirstStreak") -> "FirstStreak":
        """The streak of both; over if either is, or if their causes differ."""
        if self.is_over or other.is_over or (self.cause and other.cause and self.cause != other.cause):
            return FirstStreak(is_over=True)
        return FirstStreak(
            self.cause or other.cause,
            self.replies + other.replies,
            _first((*self.rows, *other.rows), FEWEST_ROWS),
            _first((*self.tasks, *other.tasks), _FEWEST_TASKS),
            other.message or self.message,
        )


def _first(names: Iterable[str], number: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))[:number]
