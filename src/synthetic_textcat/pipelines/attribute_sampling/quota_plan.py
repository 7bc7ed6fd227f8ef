"""The plan of a quota: rounds of rows, each taken from its cell's own sequence.

The rows of a task go on for ever; those that fall in a cell are the cell's sequence, and where several tasks have rows
in it they take turns by their weights. A round takes the next rows of each sequence. Rows that fall in other cells are
passed over, but keep their numbers; so a row is the same one, whatever else is planned.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.pipelines.attribute_sampling.dealing import deal
from synthetic_textcat.pipelines.attribute_sampling.task_plan import TaskPlanner
from synthetic_textcat.schemas.quota import Cell, Rounds, named, shown, unnamed
from synthetic_textcat.schemas.tasks import Task

_Numbers = NDArray[np.int64]
_Place = tuple[str, Cell]


class _Turns(NamedTuple):
    """Whose row each of a cell's rows is: of which task, and the how manyth of those that it has in the cell."""

    tasks: Sequence[Task]
    task: _Numbers
    number: _Numbers


class QuotaPlanner:
    """Plans rounds.

    Args:
        cells: All cells, each with the tasks that have rows in it.
        per: The columns that make a cell.
        planner: Of the rows of one task.
        furthest: Rows of one task among which the wanted ones must be.
    """

    def __init__(
        self,
        cells: Mapping[Cell, Sequence[Task]],
        per: Sequence[str],
        planner: TaskPlanner,
        furthest: int = 1_000_000,
    ) -> None:
        self._cells = cells
        self._per = per
        self._planner = planner
        self._furthest = furthest

    def rows(self, rounds: Rounds) -> pd.DataFrame:
        """The planned rows, round by round; in a round all cells are at the same share of their rows at any time.

        Raises:
            ParameterError: If a cell is so rare that its rows are not found.
        """
        turns = {cell: self._turns(cell, rows) for cell, rows in _totals(rounds).items()}
        tasks, found = self._find(turns)
        sequences = {
            cell: np.array(
                [
                    found[own.tasks[task].task_id, cell][number]
                    for task, number in zip(own.task, own.number, strict=True)
                ],
                np.int64,
            )
            for cell, own in turns.items()
        }
        return tasks.take(_in_order(rounds, sequences)).reset_index(drop=True)

    def _turns(self, cell: Cell, rows: int) -> _Turns:
        tasks = self._cells[cell]
        return _Turns(tasks, *deal([task.weight for task in tasks], rows))

    def _find(self, turns: Mapping[Cell, _Turns]) -> tuple[pd.DataFrame, dict[_Place, _Numbers]]:
        """All wanted rows, and where in the frame those are that a task has in a cell, in their order."""
        wanted: dict[str, dict[Cell, int]] = defaultdict(dict)
        by_id = {task.task_id: task for own in turns.values() for task in own.tasks}
        for cell, own in turns.items():
            for task, rows in zip(own.tasks, np.bincount(own.task, minlength=len(own.tasks)).tolist(), strict=True):
                wanted[task.task_id][cell] = rows
        frames, found, before = [], {}, 0
        for task_id, of_cells in sorted(wanted.items()):
            columns, places = self._of_task(by_id[task_id], of_cells)
            taken = np.sort(np.concatenate([np.array(own, np.int64) for own in places.values()]))
            frames.append(pd.DataFrame({name: _taken(values, taken) for name, values in columns.items()}))
            for cell, own in places.items():
                found[task_id, cell] = before + np.searchsorted(taken, own)
            before += len(taken)
        return pd.concat(frames, ignore_index=True), found

    def _of_task(self, task: Task, wanted: Mapping[Cell, int]) -> tuple[Mapping[str, Sequence[Any]], dict[Cell, Any]]:
        """The task's rows up to the last wanted one, and the places of the wanted ones by cell."""
        length = 2 * sum(wanted.values()) + 64
        while True:
            columns = self._planner.columns(task, length)
            places = _first_in(list(zip(*(columns[name] for name in self._per), strict=True)), wanted)
            lacking = [cell for cell, rows in wanted.items() if len(places[cell]) < rows]
            if not lacking:
                return columns, places
            if length >= self._furthest:
                cell = named(lacking[0], self._per)
                raise ParameterError(
                    f"Parameter attribute_sampling.per: the cell {shown(cell)} is too rare: the first {length:,} rows "
                    f"of task {task.task_id} have only {len(places[lacking[0]])} of it. Next: give its values more "
                    "weight, or name fewer columns"
                )
            length = min(2 * length, self._furthest)


def _totals(rounds: Rounds) -> dict[Cell, int]:
    totals: dict[Cell, int] = defaultdict(int)
    for cells in rounds.rounds:
        for each in cells:
            totals[unnamed(each.cell)] += each.rows
    return totals


def _first_in(cells: Sequence[Cell], wanted: Mapping[Cell, int]) -> dict[Cell, list[int]]:
    places: dict[Cell, list[int]] = {cell: [] for cell in wanted}
    for place, cell in enumerate(cells):
        own = places.get(cell)
        if own is not None and len(own) < wanted[cell]:
            own.append(place)
    return places


def _taken(values: Sequence[Any], places: _Numbers) -> list[Any]:
    return [values[place] for place in places.tolist()]


def _in_order(rounds: Rounds, sequences: Mapping[Cell, _Numbers]) -> _Numbers:
    """The places of all rows in plan order."""
    had: dict[Cell, int] = defaultdict(int)
    places, order = [], []
    for number, cells in enumerate(rounds.rounds):
        for turn, each in enumerate(cells):
            cell = unnamed(each.cell)
            places.append(sequences[cell][had[cell] : had[cell] + each.rows])
            had[cell] += each.rows
            share = (np.arange(each.rows) + 0.5) / max(1, each.rows)
            order.append(np.column_stack([np.full(each.rows, number), share, np.full(each.rows, turn)]))
    keys = np.concatenate(order)
    return np.concatenate(places)[np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0]))]
