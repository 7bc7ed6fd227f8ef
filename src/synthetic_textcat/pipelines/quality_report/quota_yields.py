"""Yields of a quota by value, cell and combination: rows to ask for next, and values to give up.

Slots are pooled in four ways: by value (all German slots), by cell, by value within a cell, and by combination of all
values. Slots with several labels are also pooled by each label: those that have it, next to those that have not. Each
pool's yield is smoothed with rows of the wider pools' yield. A pool is given up when its last two rounds or more
brought no good row, and had too many rows for bad luck. So a value that the model never writes is found out in all
cells together, and costs a few rows, not a few in each cell.
"""

from collections.abc import Iterator, Sequence
from math import log
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.quota_standing import Counts, Standing
from synthetic_textcat.schemas.label_sets import LABELS, has_several_labels, label_set_of
from synthetic_textcat.schemas.quota import MOST_FOR_ONE, named, rows_for

_SMOOTHING_ROWS = 20
_GIVEN_UP_AFTER = 2
"""Rounds without a good row after which a pool may be given up."""

MISFORTUNE = 0.001
"""Probability below which rows without a good one do not count as bad luck, over all pools of a kind."""

MOST_FOR_CERTAINTY = 100
_LEAST_YIELD = 0.001
_LEAST_EXPECTED, _MOST_EXPECTED = 0.2, 0.5  # what lost rows are judged by, whatever the yields of the others

Shares = NDArray[np.float64]


class Pools(NamedTuple):
    """Pools of one kind.

    Attributes:
        columns: Columns whose values define a pool.
        number: Pool of each combination.
        yields: Of each pool so far, smoothed.
        first_yields: Of each pool in the first round, which has the planned mix, smoothed.
        barren_rounds: Rounds at the end without a good row, of each pool.
        enough: Rows without a good one that are too many for bad luck; no limit for a pool whose last round had a good
            one.
        is_given_up: Whether no more rows are planned in the pool.
        label: The label of pools of slots with several labels, of which the first has it and the second has not.
    """

    columns: tuple[str, ...]
    number: Counts
    yields: Shares
    first_yields: Shares
    barren_rounds: Counts
    enough: Counts
    is_given_up: NDArray[np.bool_]
    label: str = ""


def pools_of(standing: Standing, cell_columns: Sequence[str]) -> list[Pools]:
    """All pools, the widest first: by value, by cell, by value within a cell, by combination.

    Whether a pool's lost rows are bad luck is judged by the yields of the other values of these rows: after German was
    lost everywhere, a label of which only German rows are still open is not to blame.
    """
    cell = tuple(cell_columns)
    within = [(*cell, name) for name in standing.columns if name not in cell]
    values = [own for own in (_Counted.of(standing, (name,)) for name in standing.columns) if own.pools > 1]
    first = {own.columns: own.yields(slice(0, 1))[own.number] for own in values}
    usual = np.full(len(standing.combinations), _Counted.of(standing, ()).yields(slice(0, 1))[0])
    found = [own.judged(standing, usual) for own in _by_label(standing)]
    for own in values:
        others = [shares for columns, shares in first.items() if columns != own.columns]
        found.append(own.judged(standing, np.min([usual, *others], axis=0)))
    expected = np.min([usual, *first.values()], axis=0)
    for columns in dict.fromkeys([cell, *within, standing.columns]):
        if columns in first:
            continue
        found.append(_Counted.of(standing, columns).judged(standing, expected))
        if columns == cell:
            expected = np.minimum(expected, found[-1].first_yields[found[-1].number])
    return found


def _by_label(standing: Standing) -> "Iterator[_Counted]":
    """Pools by label of the slots with several labels.

    A label of which rows of one set alone were planned has none: the set may be to blame, and others may do.
    """
    if LABELS not in standing.columns:
        return
    slots = (named(values, standing.columns) for values in standing.combinations)
    sets = [label_set_of(slot[LABELS] or "[]") if has_several_labels(slot) else () for slot in slots]
    was_planned = (standing.rows.sum(axis=1) > 0).tolist()
    for label in sorted({label for labels in sets for label in labels}):
        number = np.array([label not in labels for labels in sets], int)
        if len({labels for labels, was in zip(sets, was_planned, strict=True) if was and label in labels}) > 1:
            yield _Counted.by_number(standing, (LABELS,), number, label)


class _Counted(NamedTuple):
    """Rows of each pool (down) in each round (across)."""

    columns: tuple[str, ...]
    number: Counts
    pools: int
    rows: Counts
    answered: Counts
    good: Counts
    label: str = ""

    @classmethod
    def of(cls, standing: Standing, columns: tuple[str, ...]) -> Self:
        places = [standing.columns.index(name) for name in columns]
        numbers: dict[tuple[str | None, ...], int] = {}
        keys = (tuple(values[place] for place in places) for values in standing.combinations)
        return cls.by_number(standing, columns, np.array([numbers.setdefault(key, len(numbers)) for key in keys], int))

    @classmethod
    def by_number(cls, standing: Standing, columns: tuple[str, ...], number: Counts, label: str = "") -> Self:
        """Pools by the number of each combination."""
        pools = int(number.max(initial=-1)) + 1
        rows, answered, good = (
            _summed(own, number, pools) for own in (standing.rows, standing.answered, standing.good)
        )
        return cls(columns, number, pools, rows, answered, good, label)

    def yields(self, rounds: slice) -> Shares:
        """Good rows / answered rows of each pool, smoothed with rows of the yield of all pools together."""
        good, answered = self.good[:, rounds].sum(axis=1), self.answered[:, rounds].sum(axis=1)
        usual = good.sum() / answered.sum() if answered.sum() else 1.0
        shares: Shares = (good + _SMOOTHING_ROWS * usual) / (answered + _SMOOTHING_ROWS)
        return np.maximum(shares, _LEAST_YIELD)

    def judged(self, standing: Standing, expected: Shares) -> Pools:
        """Pools that are given up, if their rows were expected to have these yields."""
        barren, goes_on, lost = np.zeros(self.pools, np.int64), np.ones(self.pools, bool), np.zeros(len(expected))
        for round_ in reversed(range(self.rows.shape[1])):
            rows, answered = self.rows[:, round_], self.answered[:, round_]
            goes_on &= (rows == 0) | (self.good[:, round_] == 0) & (2 * answered >= rows)
            barren += goes_on & (rows > 0)
            lost += np.where(goes_on[self.number], standing.answered[:, round_], 0)
        certainty = log(self.pools / MISFORTUNE)
        own = self.good.sum(axis=1) / np.maximum(self.answered.sum(axis=1), 1)
        expected = np.minimum(expected, np.where(own > 0, own, 1.0)[self.number])
        surprise = -np.log1p(-np.clip(expected, _LEAST_EXPECTED, _MOST_EXPECTED))  # of a row that is lost
        mean = _summed(surprise[:, None], self.number, self.pools)[:, 0] / np.bincount(self.number)
        enough = np.ceil(np.minimum(certainty / mean, MOST_FOR_CERTAINTY)).astype(np.int64)
        of_pool = [_summed(column[:, None], self.number, self.pools)[:, 0] for column in (lost * surprise, lost)]
        if self.label:
            barren[1:] = 0  # of the slots without the label
            barren[self.good.any(axis=1)] = 0  # its other sets bring rows, and stand in
        is_certain = (of_pool[0] >= certainty) | (of_pool[1] >= MOST_FOR_CERTAINTY)
        return Pools(
            self.columns,
            self.number,
            self.yields(slice(None)),
            self.yields(slice(0, 1)),
            barren,
            np.where(barren > 0, enough, np.iinfo(np.int64).max),
            (barren >= _GIVEN_UP_AFTER) & is_certain,
            self.label,
        )


def _summed(table: NDArray[Any], number: Counts, pools: int) -> Any:
    found = np.zeros((pools, table.shape[1]), table.dtype)
    np.add.at(found, number, table)
    return found


def given_up_mask(pools: Sequence[Pools]) -> NDArray[np.bool_]:
    """Mask of the combinations for which no more rows are planned."""
    mask: NDArray[np.bool_] = np.any([own.is_given_up[own.number] for own in pools], axis=0)
    return mask


def rows_to_ask(pools: Sequence[Pools], needed: Sequence[int], cell_columns: Sequence[str]) -> Iterator[int]:
    """Rows of the next round for each combination, by the lowest yield of its values and its cell.

    A pool whose last round brought no good row gets no more rows than are needed to be certain that it brings none.
    From the third such round of a combination on, its rows double, so that it is soon filled or given up.

    Args:
        pools: All pools.
        needed: Open slots of each combination, without those that wait for a reply or are given up.
        cell_columns: Columns of a cell.
    """
    left = [own.enough.copy() for own in pools]
    sizing = [own for own in pools if len(own.columns) == 1 or own.columns == tuple(cell_columns)]
    for number, slots in enumerate(needed):
        share = min((float(own.yields[own.number[number]]) for own in sizing), default=1.0)
        again = max(0, int(pools[-1].barren_rounds[pools[-1].number[number]]) - 2)
        rows = min(rows_for(slots, share) * 2**again, MOST_FOR_ONE * slots) if slots else 0
        for own, some in zip(pools, left, strict=True):
            rows = min(rows, int(some[own.number[number]]))
        for own, some in zip(pools, left, strict=True):
            some[own.number[number]] -= rows
        yield rows
