"""Quota standing: slots and planned rows by combination of values, by outcome and by round, and surplus rows."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.quality_report.row_ends import NOT_RUN, RowEnds
from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES, TRANSPORT_CAUSES
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, CellNumbers, Rounds, cells_in, has_several, named, targets_of_slots
from synthetic_textcat.tables import RowTable, as_table, in_plan_order

Counts = NDArray[np.int64]

PAUSED = "paused"
"""Row of a paused task: counts as answered; slots are given up after two rounds with such rows."""


@dataclass(slots=True)
class Combination:
    """Slots with the same values, and the rows planned for them.

    Attributes:
        wanted: Number of slots.
        ends: Row counts by outcome.
        waiting: Ids of the requested rows without a reply.
    """

    wanted: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    waiting: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Number of accepted rows."""
        return self.ends["accepted"]


def causes_of(ends: Mapping[str, int]) -> dict[str, int]:
    """Row counts by cause of loss, the most frequent first."""
    lost = {end: rows for end, rows in ends.items() if end not in GOOD_OUTCOMES}
    return dict(sorted(lost.items(), key=lambda cause: (-cause[1], cause[0])))


class Standing(NamedTuple):
    """Progress of a quota.

    Attributes:
        columns: Columns of a slot, those of a cell first.
        combinations: By the values of a slot.
        rows, answered, good: Planned rows of each combination (down) in each round (across), those with a reply, and
            the good ones.
        numbers: Combination of each planned row, in plan order: 4 bytes a row.
    """

    columns: tuple[str, ...]
    combinations: Mapping[Cell, Combination]
    rows: Counts
    answered: Counts
    good: Counts
    numbers: NDArray[np.int32]

    def positions_of(self, combinations: Sequence[int]) -> NDArray[np.intp]:
        """Positions in the plan of the rows of some combinations, by their numbers."""
        return np.flatnonzero(np.isin(self.numbers, combinations))

    def with_more(self, combinations: Iterable[Cell]) -> "Standing":
        """The same with further combinations, after the others: without slots and rows so far."""
        more = {values: Combination() for values in combinations if values not in self.combinations}
        if not more:
            return self
        rows, answered, good = (
            np.pad(table, ((0, len(more)), (0, 0))) for table in (self.rows, self.answered, self.good)
        )
        return self._replace(combinations={**self.combinations, **more}, rows=rows, answered=answered, good=good)

    def without_rows_of(self, combinations: NDArray[np.bool_]) -> "Standing":
        """The same without the rows of some combinations so far."""
        rows, answered, good = (
            np.where(combinations[:, None], 0, table) for table in (self.rows, self.answered, self.good)
        )
        return self._replace(rows=rows, answered=answered, good=good)


def standing_of(
    requests: RowTable, slots: pd.DataFrame, rounds: Rounds, ends: RowEnds, paused: Collection[str] = ()
) -> Standing:
    """Progress of each combination of values that the quota wants or the plan has.

    Args:
        requests: The plan.
        slots: Slots of the quota.
        rounds: Rounds of the plan.
        ends: End of each planned row.
        paused: Ids of the paused tasks.

    Raises:
        StaleTableError: If the rounds or the slots belong to another plan.
    """
    columns = tuple(map(str, slots.columns))
    if sum(rounds.sizes) != len(requests) or not {*columns} <= {*requests.columns}:
        raise StaleTableError(
            "The dataset 'rounds' belongs to another plan than 'requests'. Next: run `kedro run "
            "--pipelines generate`, which plans again and repeats no paid call"
        )
    cells = CellNumbers(columns)
    wanted = np.bincount(cells.of(slots))
    numbers, is_paused = np.empty(len(requests), np.int32), np.zeros(len(requests), np.bool_)
    has_no_reply = ends.has_name(TRANSPORT_CAUSES)
    waiting: defaultdict[int, list[str]] = defaultdict(list)
    start = 0
    for frame in requests.frames(["request_id", "task_id", *columns]):
        own = slice(start, start + len(frame))
        numbers[own] = cells.of(frame)
        is_paused[own] = frame["task_id"].isin(list(paused))
        open_rows = frame["request_id"][has_no_reply[own]]
        for number, request_id in zip(numbers[own][has_no_reply[own]].tolist(), open_rows, strict=True):
            waiting[number].append(request_id)
        start += len(frame)
    names = [*(end.name for end in ends.kinds), PAUSED]
    codes = np.where(is_paused & ends.has_outcome(NOT_RUN), np.uint8(len(ends.kinds)), ends.codes)
    counts = _counted(numbers, codes, (len(cells), len(names)))
    combinations = {
        cell: Combination(
            int(wanted[number]) if number < len(wanted) else 0,
            Counter({name: rows for name, rows in zip(names, counts[number].tolist(), strict=True) if rows}),
            waiting[number],
        )
        for number, cell in enumerate(cells.cells)
    }
    is_answered = np.array([name not in (NOT_RUN, *TRANSPORT_CAUSES) for name in names], np.bool_)[codes]
    is_good = ends.has_outcome(*GOOD_OUTCOMES)
    bounds = [0, *np.cumsum(rounds.sizes).tolist()]
    tables: list[Counts] = [
        np.stack([np.bincount(numbers[a:b][mask[a:b]], minlength=len(cells)) for a, b in pairwise(bounds)], axis=1)
        for mask in (np.ones(len(numbers), np.bool_), is_answered, is_good)
    ]
    return Standing(columns, combinations, tables[0], tables[1], tables[2], numbers)


def _counted(numbers: NDArray[np.int32], codes: NDArray[np.uint8], shape: tuple[int, int]) -> Counts:
    table = np.zeros(shape, np.int64)
    np.add.at(table, (numbers, codes), 1)
    return table


class OpenSlots:
    """Slots of a quota that good rows fill in plan order; further good rows are surplus once their cells are full.

    With one label a text, a further row of the same values is surplus: another mix would fill its cell. A row with
    several labels counts as long as one of its cells lacks rows, since it is a row of that label.

    Args:
        slots: Slots of the quota, at least one.
        sampling: Its target, and the columns of a cell.
    """

    def __init__(self, slots: pd.DataFrame, sampling: AttributeSamplingParameters) -> None:
        self._cells, self._per = CellNumbers(list(map(str, slots.columns))), sampling.cell_columns
        self._open = np.bincount(self._cells.of(slots))
        self._missing = targets_of_slots(slots, self._per, sampling.target_accepted or 0)
        self._has_several = any(has_several(named(cell, self.columns), self._per) for cell in self._cells.cells)
        self._cells_of: list[tuple[Sequence[Cell], bool]] = []

    @property
    def columns(self) -> list[str]:
        """Columns of the plan that define a slot."""
        return self._cells.columns

    def beyond(self, planned: pd.DataFrame, is_good: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Mask of the surplus rows among the next rows in plan order.

        Args:
            planned: Values of the rows, as planned.
            is_good: Mask of the rows that passed all checks.
        """
        found = np.zeros(len(is_good), np.bool_)
        numbers = pd.Series(self._cells.of(planned)[is_good])
        self._open = np.pad(self._open, (0, len(self._cells) - len(self._open)))
        is_beyond = numbers.groupby(numbers).cumcount().to_numpy() >= self._open[numbers]
        self._open = np.maximum(self._open - np.bincount(numbers, minlength=len(self._cells)), 0)
        found[is_good] = self._beyond_cells(numbers.tolist(), is_beyond) if self._has_several else is_beyond
        return found

    def _beyond_cells(self, numbers: Sequence[int], is_beyond: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The rows beyond their slots, without rows with several labels that a cell lacks."""
        for values in self._cells.cells[len(self._cells_of) :]:
            each = named(values, self.columns)
            self._cells_of.append((cells_in(each, self._per), has_several(each, self._per)))
        found = is_beyond.copy()
        for row, (number, is_further) in enumerate(zip(numbers, is_beyond.tolist(), strict=True)):
            cells, can_count = self._cells_of[number]
            if is_further and not (can_count and any(self._missing[cell] > 0 for cell in cells)):
                continue
            found[row] = False
            self._missing.subtract(cells)
        return found


def beyond_target_mask(
    is_good: NDArray[np.bool_],
    requests: RowTable | pd.DataFrame,
    candidates: RowTable | pd.DataFrame,
    slots: pd.DataFrame,
    sampling: AttributeSamplingParameters,
) -> NDArray[np.bool_]:
    """Mask of the surplus candidates: good rows in plan order for which the quota has no place (`OpenSlots`).

    Args:
        is_good: Mask of the candidates that passed all checks.
        requests: The plan, whose values define the slots.
        candidates: In plan order.
        slots: Slots of the quota; without one no row is surplus.
        sampling: Target of the quota, and the columns of a cell.

    Raises:
        StaleTableError: If a candidate is not in the plan.
    """
    is_beyond = np.zeros(len(candidates), bool)
    if not len(slots):
        return is_beyond
    open_slots, start = OpenSlots(slots, sampling), 0
    subset = {"candidates": as_table(candidates)}
    columns = {"requests": open_slots.columns, "candidates": ()}
    for part in in_plan_order(as_table(requests), subset, columns):
        places = part.subsets["candidates"].places
        own = slice(start, start + len(places))
        is_beyond[own] = open_slots.beyond(part.planned.iloc[places - part.start], is_good[own])
        start += len(places)
    return is_beyond
