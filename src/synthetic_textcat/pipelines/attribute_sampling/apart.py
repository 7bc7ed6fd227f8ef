"""Rows of a task that are planned alike: where balance leaves a choice, one of them exchanges a value with a later row.

Balance settles which values a block of rows has, not which of the rows has which. So a row whose combination was there
before takes the value that a later row of its block was to have, and that one gets this row's: no count changes that
must hold, and no row that stands before. Rows beyond the end of the plan take part as they would in a longer one.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, product
from math import prod

from synthetic_textcat.pipelines.attribute_sampling.column import Column, Value, Values

MOST_APART = 5_000
"""Rows of a task that are kept apart; with more of them nearly all combinations have come anyway."""

_MOST_EXCHANGED = 2  # values of a row at once: a third one hardly ever helps

Combination = tuple[Value, ...]


def keep_apart(fixed: Sequence[Values], movable: Sequence[Column], rows: int) -> None:
    """Lets the first rows of a task differ as far as exchanges within blocks allow, in place.

    Args:
        fixed: Columns that stay as they are.
        movable: The others, tried in this order; they go on beyond the rows as far as an exchange may reach.
        rows: How many rows are to differ.
    """
    seen: set[Combination] = set()
    used: Counter[Combination] = Counter()  # combinations of the same groups of kin
    planned = zip(*fixed, *(column.values for column in movable), strict=False)  # read row by row: exchanges show
    families = zip(*fixed, *(column.groups for column in movable), strict=False)
    for row, now, family in zip(range(rows), planned, families, strict=False):
        is_open = now in seen and used[family] < prod(len(column.kin(row)) for column in movable)
        had = _exchanged(now, movable, row, seen) if is_open else now
        if had not in seen:
            seen.add(had)
            used[family] += 1


def _exchanged(planned: Combination, movable: Sequence[Column], row: int, seen: set[Combination]) -> Combination:
    """The row's combination after the first exchange that makes it a new one; as planned, if none does."""
    first = len(planned) - len(movable)
    for number in range(1, _MOST_EXCHANGED + 1):
        for places in combinations(range(len(movable)), number):
            for others in product(*(movable[place].later(row) for place in places)):
                then = list(planned)
                for place, other in zip(places, others, strict=True):
                    then[first + place] = movable[place].values[other]
                if tuple(then) not in seen:
                    for place, other in zip(places, others, strict=True):
                        movable[place].exchange(row, other)
                    return tuple(then)
    return planned
