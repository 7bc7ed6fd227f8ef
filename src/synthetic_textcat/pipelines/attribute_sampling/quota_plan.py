"""The plan of a quota: rounds of rows, each taken from its cell's own sequence.

The rows of a task go on without end; those that fall in a cell are the cell's sequence, and where several tasks have
rows in it they take turns by their weights. A round takes the next rows of each sequence. Rows that fall in other cells
are passed over, but keep their numbers; so a row is the same one, whatever else is planned.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from synthetic_textcat.errors import ParameterError, nearest
from synthetic_textcat.pipelines.attribute_sampling.choices import choice_of
from synthetic_textcat.pipelines.attribute_sampling.plan import by_id, deal, own_attributes
from synthetic_textcat.pipelines.attribute_sampling.task_rows import TaskRows
from synthetic_textcat.schemas.attributes import chosen_weights, weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, Rounds, named, shown, unnamed
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Label, Task, tasks_of

MOST_CELLS = 100_000

_OF_TASK = ("task", "task_id")
_OF_LABELS = ("label", "misleading_label")


def tasks_by_cell(tasks: pd.DataFrame, sampling: AttributeSamplingParameters) -> dict[Cell, list[int]]:
    """All cells in the order in which a round has them, each with the places of the tasks that can have rows in it.

    Args:
        tasks: In the order of the plan.
        sampling: Its `per` names the columns of a cell.

    Raises:
        ParameterError: If a column is not in the plan, or there are more than `MOST_CELLS`.
    """
    columns = (*_OF_TASK, *ATTRIBUTES, *own_attributes(tasks, sampling), *_OF_LABELS)
    for name in sampling.per:
        if name not in columns:
            raise ParameterError(
                f"Parameter attribute_sampling.per names {name!r}, which is no column of the plan with values to fill; "
                f"{nearest(name, columns)}"
            )
    found: dict[Cell, list[int]] = {}
    for place, task in enumerate(tasks_of(tasks)):
        for cell in dict.fromkeys(_cells(task, sampling)):
            found.setdefault(cell, []).append(place)
            if len(found) > MOST_CELLS:
                raise ParameterError(
                    f"Parameter attribute_sampling.per makes more than {MOST_CELLS:,} cells. Next: name fewer columns"
                )
    return found


def quota_rows(
    tasks: pd.DataFrame, sampling: AttributeSamplingParameters, seed: int, rounds: Rounds, furthest: int = 1_000_000
) -> pd.DataFrame:
    """The plan of a quota, the same columns: round by round; in a round all cells fill at the same rate.

    Args:
        tasks, sampling, seed: As of `plan_rows`.
        rounds: The rows of each cell in each round.
        furthest: Rows of one task among which those of its cells must be.

    Raises:
        ParameterError: If `sampling.per` names no column of the plan, or a cell is so rare that its rows are not found.
    """
    tasks = by_id(tasks)
    weights, by_cell = tasks["weight"].to_numpy(), tasks_by_cell(tasks, sampling)
    demand = _demand(rounds)
    sources: list[tuple[int, Cell, int]] = [(0, (), 0)] * len(demand)  # of each row: task, cell, number within both
    for cell, of_cell in demand.groupby("cell", sort=False).indices.items():
        dealt = deal(weights[by_cell[cell]], len(of_cell))
        for place, task, number in zip(of_cell.tolist(), dealt.task.tolist(), dealt.replicate.tolist(), strict=True):
            sources[place] = by_cell[cell][task], cell, number
    wanted: defaultdict[int, Counter[Cell]] = defaultdict(Counter)
    for task, cell, _ in sources:
        wanted[task][cell] += 1
    table, places = _find(tasks, sampling, seed, wanted, furthest)
    return table.take([places[task, cell][number] for task, cell, number in sources]).reset_index(drop=True)


def _cells(task: Task, sampling: AttributeSamplingParameters) -> Iterator[Cell]:
    for label in task.labels or (None,):
        yield from product(*(_values(name, task, label, sampling) for name in sampling.per))


def _values(name: str, task: Task, label: Label | None, sampling: AttributeSamplingParameters) -> Sequence[str | None]:
    """The values that a row of the task with this label can have in a column."""
    if name in _OF_TASK:
        return [getattr(task, name)]
    if name == "label":
        return [label.name if label else None]
    if name == "misleading_label":
        return sorted(other for other in task.label_names if other != label.name) if label else [None]
    if name in ATTRIBUTES:
        return list(weights_of(name, choice_of(task, name, sampling)))
    choices = (label.extra if label else {}, task.extra, sampling.extra)
    return next((list(chosen_weights(own[name])) for own in choices if name in own), [None])


def _demand(rounds: Rounds) -> pd.DataFrame:
    """The cell of each row in plan order."""
    cells: list[Cell] = []
    for round_ in rounds.rounds:
        shares = [((row + 0.5) / each.rows, turn) for turn, each in enumerate(round_) for row in range(each.rows)]
        cells += [unnamed(round_[turn].cell) for _, turn in sorted(shares)]
    return pd.DataFrame({"cell": pd.Series(cells, dtype=object)})


def _find(
    tasks: pd.DataFrame,
    sampling: AttributeSamplingParameters,
    seed: int,
    wanted: Mapping[int, Mapping[Cell, int]],
    furthest: int,
) -> tuple[pd.DataFrame, dict[tuple[int, Cell], list[int]]]:
    """A table of all wanted rows, and where in it those are that a task has in a cell, in their order."""
    own = own_attributes(tasks, sampling)
    open_ = [(task, min(2 * sum(cells.values()) + 64, furthest)) for task, cells in sorted(wanted.items())]
    tables, found, before = [], {}, 0
    while open_:
        batch = [open_.pop()]
        while open_ and sum(length for _, length in batch) + open_[-1][1] <= furthest:
            batch.append(open_.pop())
        number_of, lengths = np.array(batch).T
        rows = TaskRows(tasks.take(number_of), lengths, sampling, own, seed)
        cells = list(
            zip(*(rows.values(name, np.arange(lengths.sum())).to_pylist() for name in sampling.per), strict=True)
        )
        taken: list[int] = []
        for (task, length), start in zip(batch, (np.cumsum(lengths) - lengths).tolist(), strict=True):
            places = _first_in(cells[start : start + length], wanted[task])
            lacking = next((cell for cell, rows_of in wanted[task].items() if len(places[cell]) < rows_of), None)
            if lacking is None:
                for cell, own_places in places.items():
                    found[task, cell] = list(range(before + len(taken), before + len(taken) + len(own_places)))
                    taken += [start + place for place in own_places]
            elif length < furthest:
                open_.append((task, min(2 * length, furthest)))
            else:
                raise ParameterError(
                    f"Parameter attribute_sampling.per: the cell {shown(named(lacking, sampling.per))} is too rare: the "
                    f"first {length:,} rows of task {tasks['task_id'][task]} have only {len(places[lacking])} of it. "
                    "Next: give its values more weight, or name fewer columns"
                )
        tables.append(rows.table(np.array(taken, np.int64)))
        before += len(taken)
    return pd.concat(tables, ignore_index=True), found


def _first_in(cells: Sequence[Cell], wanted: Mapping[Cell, int]) -> dict[Cell, list[int]]:
    places: dict[Cell, list[int]] = {cell: [] for cell in wanted}
    for place, cell in enumerate(cells):
        own = places.get(cell)
        if own is not None and len(own) < wanted[cell]:
            own.append(place)
    return places
