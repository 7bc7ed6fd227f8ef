"""Sequences of an attribute's values: each keeps to its share at every length, or every draw is independent.

Balanced, a value of share w has been drawn floor(n·w) or ceil(n·w) times after n rows, whatever n is, and each key has
a start of its own. Values of equal shares form a group: within it each run of as many draws as there are values has
every value once, in an order of its own. Two groups take turns by a rotation, three or more by schedule (`turns`).
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import accumulate, count, permutations, repeat
from typing import Literal, Protocol

from synthetic_textcat.hashing import draw, draw_int
from synthetic_textcat.pipelines.attribute_sampling.turns import Schedule

_MOST_LISTED = 6  # values whose orders (720 of six) are listed once, so that one draw gives a whole order
_BITS = 53

Balance = Literal["exact", "random"]


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
        whose = self._schedule.turns(*key) if len(self._groups) > 2 else _two(self._schedule.shares[1], *key)
        members = [_evenly(group, *key, number) for number, group in enumerate(self._groups)]
        return (next(members[group]) for group in whose)


class Independent:
    """Draws that know nothing of one another."""

    def __init__(self, shares: Mapping[str, Fraction]) -> None:
        self._values = list(shares)
        self._ends = [end * (1 << _BITS) for end in accumulate(shares.values())]

    def sequence(self, *key: object) -> Iterator[str]:
        """See `Draws`."""
        return (self._value_at(draw_int(_BITS, *key, number)) for number in count())

    def _value_at(self, drawn: int) -> str:
        return next(value for value, end in zip(self._values, self._ends, strict=True) if drawn < end)


def _evenly(values: Sequence[str], *key: object) -> Iterator[str]:
    """Block after block with each value once."""
    if len(values) == 1:
        return repeat(values[0])
    return (value for block in count() for value in _order(values, *key, block))


def _order(values: Sequence[str], *key: object) -> Iterator[str]:
    if len(values) > _MOST_LISTED:
        return _one_by_one(values, *key)
    orders = _orders(len(values))
    return (values[place] for place in orders[int(draw(*key) * len(orders))])


def _one_by_one(values: Sequence[str], *key: object) -> Iterator[str]:
    """The order of many values, drawn only as far as it is needed."""
    rest = list(values)
    while rest:
        place = int(draw(*key, len(rest)) * len(rest))
        rest[place], rest[-1] = rest[-1], rest[place]
        yield rest.pop()


@cache
def _orders(length: int) -> list[tuple[int, ...]]:
    return list(permutations(range(length)))


def _two(share: Fraction, *key: object) -> Iterator[int]:
    """Turns of two groups: the second has had floor(n·share + phase) of n turns, the phase being even in [0, 1)."""
    due, unit = share.numerator, share.denominator
    had = draw_int(_BITS, *key, "phase") * unit >> _BITS
    while True:
        had += due
        yield had // unit
        had %= unit
