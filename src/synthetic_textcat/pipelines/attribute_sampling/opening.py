"""The first steps of a schedule, by fitted odds: worked out step by step, as far as a sequence has come."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import inf

from synthetic_textcat.pipelines.attribute_sampling.odds import Had, after, fitted

_MOST_ODDS_A_STEP = 2_000  # so that a hundred shares, all different, do not take minutes
_MOST_ODDS = 3_000  # in all: some 150 steps of three shares


@dataclass(slots=True)
class Fork:
    """Where a sequence stands, and how it may go on.

    Attributes:
        had: The turns that each group has had so far.
        groups: Those that may be next; none as long as that is not worked out.
        ends: Where in [0, 1) the draws of each one end; the last one's, whatever rounding made of the sum, beyond.
        then: The fork after the turn of each.
    """

    had: Had
    groups: tuple[int, ...] = ()
    ends: tuple[float, ...] = ()
    then: tuple["Fork", ...] = ()

    def turn(self, drawn: float) -> tuple[int, "Fork"]:
        """The group whose turn a draw makes it, and the fork after that."""
        place = bisect_right(self.ends, drawn)
        return self.groups[place], self.then[place]


class Opening:
    """The forks of all sequences of a schedule.

    Args:
        shares: Of the groups.
        length: Steps after which all begins anew.
        owed: Turns had so far → what each group is owed that may be next.
    """

    def __init__(self, shares: tuple[Fraction, ...], length: int, owed: Callable[[Had], Mapping[int, float]]) -> None:
        self.start = Fork((0,) * len(shares))
        self._shares = shares
        self._length = length
        self._owed = owed
        self._front = {self.start.had: self.start}
        self._chances = {self.start.had: 1.0}
        self._room = _MOST_ODDS

    def goes_on(self, fork: Fork) -> bool:
        """Whether there are odds for the next step; works them out for all forks that have come as far as this one."""
        size = len(self._front) * len(self._shares)
        if sum(fork.had) == self._length or size > min(_MOST_ODDS_A_STEP, self._room):
            return False
        self._room -= size
        odds, self._chances = fitted({had: self._owed(had) for had in self._front}, self._chances, self._shares)
        further = {had: Fork(had) for had in self._chances}
        for had, row in odds.items():
            each = self._front[had]
            each.groups = tuple(row)
            each.ends = (*tuple(accumulate(row.values()))[:-1], inf)
            each.then = tuple(further[after(had, group)] for group in row)
        self._front = further
        return True
