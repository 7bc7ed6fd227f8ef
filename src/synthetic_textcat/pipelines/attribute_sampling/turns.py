"""Whose turn it is, among three groups or more: each keeps to its share, and none is favoured at the start.

Periodic jobs on one processor: the j-th turn of a group of share w may come after (j-1)/w steps and is due after j/w.
If turns are given by deadline, every one is in time (Baruah et al. 1996, "Proportionate progress"), so that after n
steps a group has had floor(n·w) or ceil(n·w) turns. Deadlines alone would begin each task alike, with the largest
groups. So the first turns are drawn, by odds under which every group's chance at every step is its share: tasks of
three rows, taken together, have the shares too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import fsum, lcm

from synthetic_textcat.hashing import draw

Had = tuple[int, ...]
"""How many turns each group has had."""

_DRAWN_STEPS = 32
_MOST_ODDS = 2_000  # of a step, so that a hundred shares, all different, do not take minutes
_FURTHEST = 128  # steps ahead that are looked at for a missed deadline
_FITTINGS = 30


@dataclass(frozen=True)
class Schedule:
    """The turns of groups with these shares, which sum to 1; what all sequences have in common is worked out once."""

    shares: tuple[Fraction, ...]

    def turns(self, *key: object) -> Iterator[int]:
        """The number of the group whose turn it is, step by step, without end: a function of shares and key."""
        had = (0,) * len(self.shares)
        for step, odds in enumerate(self._opening):
            group = _drawn(odds[had], draw(*key, step))
            had = _after(had, group)
            yield group
        yield from self._by_deadline(had)

    @cached_property
    def _unit(self) -> int:
        return lcm(*(share.denominator for share in self.shares))

    @cached_property
    def _parts(self) -> list[int]:
        return [int(share * self._unit) for share in self.shares]

    @cached_property
    def _opening(self) -> list[dict[Had, dict[int, float]]]:
        """For each of the first steps: turns had so far → the odds of each group that may be next."""
        steps: list[dict[Had, dict[int, float]]] = []
        chances: dict[Had, float] = {(0,) * len(self.shares): 1.0}
        while len(steps) < _DRAWN_STEPS and len(chances) * len(self.shares) <= _MOST_ODDS:
            odds = _fitted({had: self._owed(had) for had in chances}, chances, [float(x) for x in self.shares])
            steps.append(odds)
            chances = _next_chances(chances, odds)
        return steps

    def _by_deadline(self, had: Had) -> Iterator[int]:
        """The turns that follow, by deadline."""
        unit, parts, now = self._unit, self._parts, list(had)
        step = sum(now)
        while True:
            step += 1
            _, group = min(
                (-(-(had_ + 1) * unit // part), group)
                for group, (had_, part) in enumerate(zip(now, parts, strict=True))
                if step * part > unit * had_
            )
            now[group] += 1
            yield group

    def _owed(self, had: Had) -> dict[int, float]:
        """What each group is owed that may be next, in turns: those after whose turn no deadline is missed."""
        step = sum(had) + 1
        owed = {group: step * part - self._unit * had[group] for group, part in enumerate(self._parts)}
        return {
            group: debt / self._unit for group, debt in owed.items() if debt > 0 and self._is_safe(_after(had, group))
        }

    def _is_safe(self, had: Had) -> bool:
        """Whether by no later step more turns are due than there are steps.

        It can't happen any more once all that groups are ahead of their shares comes to less than one turn.
        """
        step = sum(had)
        for later in range(step, step + _FURTHEST):
            ahead = sum(max(0, turns * self._unit - later * part) for turns, part in zip(had, self._parts, strict=True))
            if ahead < self._unit:
                return True
            due = sum(max(0, later * part // self._unit - turns) for turns, part in zip(had, self._parts, strict=True))
            if due > later - step:
                return False
        return False


def _fitted(
    owed: dict[Had, dict[int, float]], chances: dict[Had, float], shares: Sequence[float]
) -> dict[Had, dict[int, float]]:
    """Odds in proportion to what is owed, times a factor for each group by which its chance over all is its share.

    The factors come by iterative proportional fitting (Deming and Stephan 1940).
    """
    factors = [1.0] * len(shares)
    for _ in range(_FITTINGS):
        odds = {had: _odds(debts, factors) for had, debts in owed.items()}
        got = [fsum(chances[had] * row.get(group, 0.0) for had, row in odds.items()) for group in range(len(shares))]
        factors = [x * share / y if y else x for x, share, y in zip(factors, shares, got, strict=True)]
    return {had: _odds(debts, factors) for had, debts in owed.items()}


def _odds(debts: dict[int, float], factors: Sequence[float]) -> dict[int, float]:
    weighted = {group: debt * factors[group] for group, debt in debts.items()}
    total = fsum(weighted.values())
    return {group: weight / total for group, weight in weighted.items()}


def _next_chances(chances: dict[Had, float], odds: dict[Had, dict[int, float]]) -> dict[Had, float]:
    found: dict[Had, float] = {}
    for had, chance in chances.items():
        for group, share in odds[had].items():
            after = _after(had, group)
            found[after] = found.get(after, 0.0) + chance * share
    return found


def _after(had: Had, group: int) -> Had:
    return (*had[:group], had[group] + 1, *had[group + 1 :])


def _drawn(odds: dict[int, float], drawn: float) -> int:
    last = max(odds)
    return next((group for group, end in zip(odds, accumulate(odds.values()), strict=True) if drawn < end), last)
