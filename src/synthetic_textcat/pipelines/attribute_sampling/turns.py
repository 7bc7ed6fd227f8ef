"""Whose turn it is, among groups of values: each keeps to its share, by chance as far as that allows.

Periodic jobs on one processor: the j-th turn of a group of share w may come after (j-1)/w steps and is due after j/w.
If turns are given by deadline, every one is in time (Baruah et al. 1996, "Proportionate progress"), so that after n
steps a group has had floor(n·w) or ceil(n·w) turns. But deadlines alone would begin each task alike, with the largest
groups, and go on with a period, so that two attributes of like shares would be tied to one another. So turns are drawn
among those after which no deadline is missed; for as many steps as can be worked out, by odds under which every group's
chance at every step is its share: tasks of three rows, taken together, have the shares too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import lcm

from synthetic_textcat.hashing import draws
from synthetic_textcat.pipelines.attribute_sampling.odds import Had, after
from synthetic_textcat.pipelines.attribute_sampling.opening import Opening

_FURTHEST = 128  # steps ahead that are looked at for a missed deadline


@dataclass(frozen=True)
class Schedule:
    """The turns of groups with these shares, which sum to 1; what all sequences have in common is worked out once."""

    shares: tuple[Fraction, ...]

    def turns(self, *key: object) -> Iterator[int]:
        """The number of the group whose turn it is, step by step, without end: a function of shares and key."""
        chances = draws(*key, "turns")
        while True:
            fork = self._opening.start
            while fork.groups or self._opening.goes_on(fork):
                group, fork = fork.turn(next(chances))
                yield group
            if sum(fork.had) < self._unit:
                yield from self._by_debt(fork.had, chances)

    @cached_property
    def _unit(self) -> int:
        """After so many steps all groups have had their shares to the turn, and all begins anew."""
        return lcm(*(share.denominator for share in self.shares))

    @cached_property
    def _parts(self) -> list[int]:
        return [int(share * self._unit) for share in self.shares]

    @cached_property
    def _opening(self) -> Opening:
        return Opening(self.shares, self._unit, self._owed)

    def _owed(self, had: Had) -> dict[int, float]:
        """What each group is owed that may be next, in turns: those after whose turn no deadline is missed."""
        step = sum(had) + 1
        owed = {group: step * part - self._unit * had[group] for group, part in enumerate(self._parts)}
        return {
            group: debt / self._unit for group, debt in owed.items() if debt > 0 and self._is_safe(after(had, group))
        }

    def _is_safe(self, had: Had) -> bool:
        """Whether by no later step more turns are due than there are steps.

        It can't happen any more once all that groups are ahead of their shares comes to less than one turn: then what
        falls due by any later step, floor(n·w + ahead) summed over the groups, never exceeds the steps there are.
        """
        step, unit = sum(had), self._unit
        begun = [(turns, part) for turns, part in zip(had, self._parts, strict=True) if turns]
        for later in range(step, step + _FURTHEST):
            if sum(max(0, turns * unit - later * part) for turns, part in begun) < unit:
                return True
            had_in_time = sum(min(turns, later * part // unit) for turns, part in begun)
            if self._due(later) - had_in_time > later - step:
                return False
        return False

    def _due(self, step: int) -> int:
        """How many turns are due by a step, of all groups."""
        while len(self._all_due) <= step:
            self._all_due.append(sum(len(self._all_due) * part // self._unit for part in self._parts))
        return self._all_due[step]

    @cached_property
    def _all_due(self) -> list[int]:
        return []

    def _by_debt(self, had: Had, chances: Iterator[float]) -> Iterator[int]:
        """The turns that follow, drawn by what groups are owed; by deadline where no draw is safe.

        A draw is safe if groups are less than one turn ahead after it: for a group that is owed more than all others
        are ahead.
        """
        unit, parts, step = self._unit, self._parts, sum(had)
        owed = [step * part - unit * turns for turns, part in zip(had, parts, strict=True)]
        while True:
            owed = [debt + part for debt, part in zip(owed, parts, strict=True)]
            ahead = -sum(debt for debt in owed if debt < 0)
            safe = [group for group, debt in enumerate(owed) if debt > ahead]
            if len(safe) > 1:
                # Of two safe groups, these odds keep each step's chance at the share.
                ends = list(accumulate((len(safe) - 1) * owed[group] - ahead for group in safe))
                drawn = next(chances) * ends[-1]
                group = next(group for group, end in zip(safe, ends, strict=True) if drawn < end)
            elif safe:
                group = safe[0]
            else:
                group = min(
                    ((unit - debt + part - 1) // part, group)
                    for group, (debt, part) in enumerate(zip(owed, parts, strict=True))
                    if debt > 0
                )[1]
            owed[group] -= unit
            yield group
