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
from typing import Any, Generic, Literal, Protocol, TypeVar

from synthetic_textcat.hashing import draws
from synthetic_textcat.pipelines.attribute_sampling.turns import Schedule
from synthetic_textcat.schemas.attributes import Ordered

Balance = Literal["exact", "random"]
Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)

_MOST_LISTED = 6  # values whose orders (720 of six) are listed once, so that one draw gives a whole order


class Draws(Protocol[Value_co]):
    """One attribute's values, ready to be drawn from."""

    def sequence(self, *key: object) -> Iterator[Value_co]:
        """The endless sequence of a key: a function of shares and key alone."""
        ...

    def kin(self, value: Any) -> tuple[Value_co, ...]:
        """The values among which this one may come sooner or later: each run of as many draws of them has each once."""
        ...


def draws_of(shares: Mapping[Ordered, Fraction], balance: Balance) -> Draws[Ordered]:
    """The draws of an attribute.

    Args:
        shares: Value → share; they sum to 1.
        balance: `exact` = counts keep to the shares; `random` = each draw for itself.
    """
    return Balanced(shares) if balance == "exact" else Independent(shares)


class Balanced(Generic[Ordered]):
    """Draws that keep to their shares."""

    def __init__(self, shares: Mapping[Ordered, Fraction]) -> None:
        by_share: dict[Fraction, list[Ordered]] = {}
        for value, share in sorted(shares.items()):
            by_share.setdefault(share, []).append(value)
        self._groups: list[list[Ordered]] = [by_share[share] for share in sorted(by_share)]
        self._kin: dict[Ordered, tuple[Ordered, ...]] = {
            value: tuple(group) for group in self._groups for value in group
        }
        self._schedule = Schedule(tuple(share * len(by_share[share]) for share in sorted(by_share)))

    def sequence(self, *key: object) -> Iterator[Ordered]:
        """See `Draws`."""
        return _evenly(self._groups[0], *key) if len(self._groups) == 1 else self._by_turns(*key)

    def _by_turns(self, *key: object) -> Iterator[Ordered]:
        members: dict[int, Iterator[Ordered]] = {}
        for group in self._schedule.turns(*key):
            if group not in members:  # few rows need few groups
                members[group] = _evenly(self._groups[group], *key, group)
            yield next(members[group])

    def kin(self, value: Ordered) -> tuple[Ordered, ...]:
        """See `Draws`: the values of the same share."""
        return self._kin[value]


class Independent(Generic[Ordered]):
    """Draws that know nothing of one another."""

    def __init__(self, shares: Mapping[Ordered, Fraction]) -> None:
        self._values: list[Ordered] = list(shares)
        self._ends = [float(end) for end in accumulate(shares.values())]

    def sequence(self, *key: object) -> Iterator[Ordered]:
        """See `Draws`."""
        return (self._values[bisect_right(self._ends, drawn)] for drawn in draws(*key))  # the last end is 1 exactly

    def kin(self, value: Ordered) -> tuple[Ordered, ...]:
        """See `Draws`: none but itself."""
        return (value,)


def _evenly(values: Sequence[Value], *key: object) -> Iterator[Value]:
    """Block after block with each value once."""
    if len(values) == 1:
        return repeat(values[0])
    return _listed_orders(values, *key) if len(values) <= _MOST_LISTED else _one_by_one(values, *key)


def _listed_orders(values: Sequence[Value], *key: object) -> Iterator[Value]:
    orders = _orders(len(values))
    for drawn in draws(*key):
        for place in orders[int(drawn * len(orders))]:
            yield values[place]


@cache
def _orders(length: int) -> list[tuple[int, ...]]:
    return list(permutations(range(length)))


def _one_by_one(values: Sequence[Value], *key: object) -> Iterator[Value]:
    """Orders of many values, drawn only as far as they are needed."""
    rest: list[Value] = []
    for drawn in draws(*key):
        rest = rest or list(values)
        place = int(drawn * len(rest))
        rest[place], rest[-1] = rest[-1], rest[place]
        yield rest.pop()
