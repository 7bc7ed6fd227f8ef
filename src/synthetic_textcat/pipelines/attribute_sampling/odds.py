"""Odds of the next turn, fitted so that every group's chance over all that may have happened is its share."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import fsum, isclose
from typing import NamedTuple

Had = tuple[int, ...]
"""How many turns each group has had."""

_MOST_FITTINGS = 30
_CLOSE = 1e-3  # of a share


class Step(NamedTuple):
    """One step: turns had so far → odds of the next group, and the chance of each count of turns after it."""

    odds: dict[Had, dict[int, float]]
    chances: dict[Had, float]


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
    odds: dict[Had, dict[int, float]] = {}
    for _ in range(_MOST_FITTINGS):
        odds = {had: _odds(debts, factors) for had, debts in owed.items()}
        got = [fsum(chances[had] * row.get(group, 0.0) for had, row in odds.items()) for group in range(len(wanted))]
        if all(not y or isclose(y, share, rel_tol=_CLOSE) for y, share in zip(got, wanted, strict=True)):
            break
        factors = [x * share / y if y else x for x, share, y in zip(factors, wanted, got, strict=True)]
    return Step(odds, _chances_after(chances, odds))


def after(had: Had, group: int) -> Had:
    """The turns had after one more of this group."""
    return (*had[:group], had[group] + 1, *had[group + 1 :])


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
