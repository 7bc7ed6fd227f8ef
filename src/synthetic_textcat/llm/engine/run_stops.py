"""Run stops that equal failures cause: bad first replies, and refusals in a row.

One machine counts its own calls; the meter of a cluster counts those of all workers. Imported by the scheduler of a
cluster, so only from the standard library and its equals.
"""

from functools import reduce

from synthetic_textcat.llm.calls.first_streak import FirstStreak

_MOST_REFUSALS = 20
"""Consecutive requests that the server refuses before the run ends."""


class Refusals:
    """Requests that the server refuses in a row, which no single row explains.

    Attributes:
        message: Of the error that ends the run; empty as long as there is none.
    """

    def __init__(self) -> None:
        self._in_a_row = 0
        self.message = ""

    def note(self, refusal: str) -> None:
        """Counts the end of a call, by the words of its refusal; empty for any other end."""
        self._in_a_row = self._in_a_row + 1 if refusal else 0
        if self._in_a_row >= _MOST_REFUSALS and not self.message:
            self.message = f"The last {self._in_a_row} requests were all refused. {refusal}"


class FirstRepliesOfAll:
    """First replies of all workers of a run, each with the streak that it reports."""

    def __init__(self) -> None:
        self._by_member: dict[str, FirstStreak] = {}
        self._all = FirstStreak()

    def note(self, member: str, streak: FirstStreak) -> None:
        """Records a worker's streak so far; the last report of a worker that has ended still counts."""
        if not self._all.is_over and streak != self._by_member.get(member, FirstStreak()):
            self._by_member[member] = streak
            self._all = reduce(FirstStreak.plus, self._by_member.values())

    @property
    def is_over(self) -> bool:
        """Whether some reply was good, or two were bad for different reasons."""
        return self._all.is_over

    @property
    def message(self) -> str:
        """Message of the error that ends the run; empty if there is none."""
        return self._all.message if self._all.is_long else ""
