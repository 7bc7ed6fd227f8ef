"""Odds of the next turn, fitted so that every group's chance over all that may have happened is its share."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from math import fsum, inf
from typing import NamedTuple

Had = tuple[int, ...]
"""How many turns each group has had."""

_FITTINGS = 30


class Step(NamedTuple):
    """One step: turns had so far → odds of the next group, and the chance of each count of turns after it."""

    odds: dict[Had, dict[int, float]]
    chances: dict[Had, float]


class Fork(NamedTuple):
    """Where a sequence stands, and how it may go on; at the end of what is worked out it has no group.

    Attributes:
        had: The turns had so far.
        groups: Those that may be next.
        ends: Where in [0, 1) each one's draws end; the last one's, whatever rounding made of the sum, beyond.
        then: The fork after the turn of each.
    """

    had: Had
    groups: tuple[int, ...] = ()
    ends: tuple[float, ...] = ()
    then: tuple["Fork", ...] = ()


def fitted(owed: Mapping[Had, Mapping[int, float]], chances: Mapping[Had, float], shares: Sequence[Fraction]) -> Step:
    """The odds in proportion to what is owed, times a factor for each group.

    The factors come by iterative proportional fitting (Deming and Stephan 1940).

    Args:
        owed: Turns had so far → what each group is owed that may be next.
        chances: The chance that so many turns were had.
        shares: What each group's chance is to be.
    """
    wanted = [float(share) for share in shares]
    factors = [1.0] * len(wanted)
    for _ in range(_FITTINGS):
        odds = {had: _odds(debts, factors) for had, debts in owed.items()}
        got = [fsum(chances[had] * row.get(group, 0.0) for had, row in odds.items()) for group in range(len(wanted))]
        factors = [x * share / y if y else x for x, share, y in zip(factors, wanted, got, strict=True)]
    odds = {had: _odds(debts, factors) for had, debts in owed.items()}
    return Step(odds, _chances_after(chances, odds))


def forks(steps: Sequence[Mapping[Had, Mapping[int, float]]], last: Iterable[Had]) -> dict[Had, Fork]:
    """The forks of the first step, each tied to those that follow it, so that a sequence need look nothing up.

    Args:
        steps: For each step: turns had so far → the odds of each group that may be next.
        last: The turns that may have been had after all steps.
    """
    ahead = {had: Fork(had) for had in last}
    for odds in reversed(steps):
        ahead = {had: _fork(had, row, ahead) for had, row in odds.items()}
    return ahead


def after(had: Had, group: int) -> Had:
    """The turns had after one more of this group."""
    return (*had[:group], had[group] + 1, *had[group + 1 :])


def _fork(had: Had, odds: Mapping[int, float], ahead: Mapping[Had, Fork]) -> Fork:
    ends = (*accumulate(odds.values()),)[:-1]
    return Fork(had, tuple(odds), (*ends, inf), tuple(ahead[after(had, group)] for group in odds))


def _odds(debts: Mapping[int, float], factors: Sequence[float]) -> dict[int, float]:
    weighted = {group: debt * factors[group] for group, debt in debts.items()}
    total = fsum(weighted.values())
    return {group: weight / total for group, weight in weighted.items()}


def _chances_after(chances: Mapping[Had, float], odds: Mapping[Had, Mapping[int, float]]) -> dict[Had, float]:
    found: dict[Had, float] = {}
    for had, chance in chances.items():
        for group, share in odds[had].items():
            had_then = after(had, group)
            found[had_then] = found.get(had_then, 0.0) + chance * share
    return found
