"""Sequences of an attribute's values: each keeps to its share at every length, or every draw is independent.

Balanced, a value of share w has been drawn floor(n·w) or ceil(n·w) times after n rows, whatever n is; within that all
is chance, so that sequences of two attributes have nothing to do with one another. Values of equal shares form a group:
within it each run of as many draws as there are values has every value once, in an order of its own. Between groups it
is the turn of one or the other by `turns`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import accumulate, permutations, repeat
from typing import Literal, Protocol

from synthetic_textcat.hashing import draws
from synthetic_textcat.pipelines.attribute_sampling.turns import Schedule

Balance = Literal["exact", "random"]

_MOST_LISTED = 6  # values whose orders (720 of six) are listed once, so that one draw gives a whole order


class Draws(Protocol):
    """One attribute's values, ready to be drawn from."""

    def sequence(self, *key: object) -> Iterator[str]:
        """The endless sequence of a key: a function of shares and key alone."""
        ...


def draws_of(shares: Mapping[str, Fraction], balance: Balance) -> Draws:
    """The draws of an attribute.

    Args:
        shares: Value → share; they sum to 1.
        balance: `exact` = counts keep to the shares; `random` = each draw for itself.
    """
    return Balanced(shares) if balance == "exact" else Independent(shares)


class Balanced:
    """Draws that keep to their shares."""

    def __init__(self, shares: Mapping[str, Fraction]) -> None:
        by_share: dict[Fraction, list[str]] = {}
        for value, share in sorted(shares.items()):
            by_share.setdefault(share, []).append(value)
        self._groups = [by_share[share] for share in sorted(by_share)]
        self._schedule = Schedule(tuple(share * len(by_share[share]) for share in sorted(by_share)))

    def sequence(self, *key: object) -> Iterator[str]:
        """See `Draws`."""
        if len(self._groups) == 1:
            return _evenly(self._groups[0], *key)
        members = [_evenly(group, *key, number) for number, group in enumerate(self._groups)]
        return (next(members[group]) for group in self._schedule.turns(*key))


class Independent:
    """Draws that know nothing of one another."""

    def __init__(self, shares: Mapping[str, Fraction]) -> None:
        self._values = list(shares)
        self._ends = [float(end) for end in accumulate(shares.values())]

    def sequence(self, *key: object) -> Iterator[str]:
        """See `Draws`."""
        return (self._values[bisect_right(self._ends, drawn)] for drawn in draws(*key))  # the last end is 1 exactly


def _evenly(values: Sequence[str], *key: object) -> Iterator[str]:
    """Block after block with each value once."""
    if len(values) == 1:
        return repeat(values[0])
    return _listed_orders(values, *key) if len(values) <= _MOST_LISTED else _one_by_one(values, *key)


def _listed_orders(values: Sequence[str], *key: object) -> Iterator[str]:
    orders = _orders(len(values))
    for drawn in draws(*key):
        for place in orders[int(drawn * len(orders))]:
            yield values[place]


@cache
def _orders(length: int) -> list[tuple[int, ...]]:
    return list(permutations(range(length)))


def _one_by_one(values: Sequence[str], *key: object) -> Iterator[str]:
    """Orders of many values, drawn only as far as they are needed."""
    rest: list[str] = []
    for drawn in draws(*key):
        rest = rest or list(values)
        place = int(drawn * len(rest))
        rest[place], rest[-1] = rest[-1], rest[place]
        yield rest.pop()
