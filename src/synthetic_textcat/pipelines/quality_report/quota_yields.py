"""Yields of a quota by value, cell and combination: rows to ask for next, and values to give up.

Slots are pooled in four ways: by value (all German slots), by cell, by value within a cell, and by combination of all
values. Each pool's yield is smoothed with rows of the wider pools' yield. A pool is given up when its last two rounds
or more brought no good row, and had too many rows for bad luck. So a value that the model never writes is found out in all
cells together, and costs a few rows, not a few in each cell.
"""

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.quota_standing import Counts, Standing
from synthetic_textcat.schemas.quota import rows_for, rows_for_certainty

_SMOOTHING_ROWS = 20
_GIVEN_UP_AFTER = 2
"""Rounds without a good row after which a pool may be given up."""

_LEAST_YIELD = 0.001


class Pools(NamedTuple):
    """Pools of one kind.

    Attributes:
        columns: Columns whose values define a pool.
        number: Pool of each combination.
        barren_rounds: Consecutive rounds at the end without a good row, of each pool.
        expected: Yield of each pool, smoothed.
        enough: Rows without a good one that are too many for bad luck, of each pool.
        is_given_up: Whether no more rows are planned in it.
        sizes: Whether its yield sizes the next round: the lowest of many narrow pools is too low by chance.
    """

    columns: tuple[str, ...]
    number: NDArray[np.int64]
    barren_rounds: Counts
    expected: NDArray[np.float64]
    enough: Counts
    is_given_up: NDArray[np.bool_]
    sizes: bool


def pools_of(standing: Standing, cell_columns: Sequence[str]) -> list[Pools]:
    """All pools, the widest first: by value, by cell, by value within a cell, by combination."""
    answered, good = standing.answered.sum(), standing.good.sum()
    usual = np.full(len(standing.combinations), good / answered if answered else 1.0)
    cell, others = tuple(cell_columns), [name for name in standing.columns if name not in cell_columns]
    levels = [[(name,) for name in standing.columns], [cell], [(*cell, name) for name in others], [standing.columns]]
    found: list[Pools] = []
    expected = usual
    for level in levels:
        pools = [_pooled(standing, columns, expected, sizes=level in levels[:2]) for columns in dict.fromkeys(level)]
        pools = [own for own in pools if own.columns not in {other.columns for other in found}]
        if level is levels[0]:  # the only value of a column tells nothing of it
            pools = [own for own in pools if len(own.expected) > 1]
        found += pools
        expected = np.min([expected, *(own.expected[own.number] for own in pools)], axis=0)
    return found


def _pooled(standing: Standing, columns: tuple[str, ...], wider: NDArray[np.float64], *, sizes: bool) -> Pools:
    places = [standing.columns.index(name) for name in columns]
    numbers: dict[tuple[str | None, ...], int] = {}
    keys = (tuple(values[place] for place in places) for values in standing.combinations)
    number = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
    rows, answered, good = (_summed(table, number, len(numbers)) for table in standing[2:])
    parent = np.full(len(numbers), inf)
    np.minimum.at(parent, number, wider)
    expected = (good.sum(axis=1) + _SMOOTHING_ROWS * parent) / (answered.sum(axis=1) + _SMOOTHING_ROWS)
    enough = np.array([rows_for_certainty(share, len(numbers)) for share in parent.tolist()], np.int64)
    barren, lost = np.zeros((2, len(numbers)), np.int64)
    goes_on = np.ones(len(numbers), bool)
    for round_ in reversed(range(rows.shape[1])):
        is_planned = rows[:, round_] > 0
        is_barren = is_planned & (good[:, round_] == 0) & (2 * answered[:, round_] >= rows[:, round_])
        goes_on &= is_barren | ~is_planned
        barren += goes_on & is_planned
        lost += np.where(goes_on, answered[:, round_], 0)
    is_given_up = (barren >= _GIVEN_UP_AFTER) & (lost >= enough)
    return Pools(columns, number, barren, np.maximum(expected, _LEAST_YIELD), enough, is_given_up, sizes)


def _summed(table: Counts, number: Counts, pools: int) -> Counts:
    found = np.zeros((pools, table.shape[1]), np.int64)
    np.add.at(found, number, table)
    return found


def given_up_mask(pools: Sequence[Pools]) -> NDArray[np.bool_]:
    """Mask of the combinations for which no more rows are planned."""
    mask: NDArray[np.bool_] = np.any([own.is_given_up[own.number] for own in pools], axis=0)
    return mask


def rows_to_ask(pools: Sequence[Pools], needed: Sequence[int]) -> Iterator[int]:
    """Rows of the next round for each combination.

    A pool whose last round brought no good row gets no more rows than are needed to be certain that it brings none.

    Args:
        pools: All pools.
        needed: Open slots of each combination, without those that wait for a reply or are given up.
    """
    left = [np.where(own.barren_rounds > 0, own.enough, np.iinfo(np.int64).max) for own in pools]
    for number, slots in enumerate(needed):
        places = [own.number[number] for own in pools]
        share = min(
            (float(own.expected[place]) for own, place in zip(pools, places, strict=True) if own.sizes), default=1.0
        )
        rows = (
            min(rows_for(slots, share), *(int(some[place]) for some, place in zip(left, places, strict=True)))
            if slots
            else 0
        )
        for some, place in zip(left, places, strict=True):
            some[place] -= rows
        yield rows
