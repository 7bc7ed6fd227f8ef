"""The plan of a quota: rounds of rows, each taken from its cell's own sequence.

The rows of a task go on without end; those that fall in a cell are the cell's sequence, and where several tasks have
rows in it they take turns by their weights. A round takes the next rows of each sequence. Rows that fall in other cells
are passed over, but keep their numbers; so a row is the same one, whatever else is planned. The next round plans by the
yields of the last one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product

import numpy as np
import pandas as pd

from synthetic_textcat.errors import ParameterError, nearest
from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.pipelines.attribute_sampling.choices import choice_of
from synthetic_textcat.pipelines.attribute_sampling.label_odds import misleading_labels_of
from synthetic_textcat.pipelines.attribute_sampling.plan import TaskRows, by_id, deal, own_attributes
from synthetic_textcat.schemas.attributes import chosen_weights, weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, CellRows, Rounds, Shortfall, named, rows_for, shown, unnamed
from synthetic_textcat.schemas.rows import ATTRIBUTES, PLAN_VERSION
from synthetic_textcat.schemas.tasks import Label, Task, tasks_of

MOST_CELLS = 100_000
_NOT_DRAWN_FROM = {"num_examples", "num_seed_examples", "target_accepted", "max_rounds"}

_OF_TASK = ("task", "task_id")
_OF_LABELS = ("label", "misleading_label")


def recipe_of(tasks: Sequence[Task], sampling: AttributeSamplingParameters, seed: int) -> str:
    """Hex sha256 of everything that determines the rows of a cell; rounds restart when it changes."""
    drawn_from = sorted(
        (task.task_id, task.weight, task.label_names, task.to_row("file")["attributes"]) for task in tasks
    )
    settings = sampling.model_dump(mode="json", exclude=_NOT_DRAWN_FROM)
    if settings["misleading_label"] == "even":
        del settings["misleading_label"]  # as before there was a choice, so that no quota begins anew
        return sha256_of([PLAN_VERSION, seed, settings, drawn_from])
    described = sorted((task.task_id, [label.description for label in task.labels]) for task in tasks)
    return sha256_of([PLAN_VERSION, seed, settings, drawn_from, described])


def first_round(cells: Iterable[Cell], per: Sequence[str], target: int) -> tuple[CellRows, ...]:
    """First round: as many rows as the target, enough if every row is accepted."""
    return tuple(CellRows(cell=named(cell, per), rows=target) for cell in cells)


def next_round(shortfall: Shortfall) -> tuple[CellRows, ...]:
    """Rows for each short cell, by its own yield so far; none for one that is given up, or only waits for replies."""
    usual = (shortfall.accepted + shortfall.surplus) / shortfall.answered if shortfall.answered else 1.0
    return tuple(
        CellRows(cell=cell.cell, rows=rows_for(cell, usual))
        for cell in shortfall.cells
        if not cell.infeasible and cell.missing > cell.pending
    )


def kept_of(past: Rounds | None, recipe: str, asked_with: str, target: int) -> tuple[tuple[CellRows, ...], ...]:
    """Rounds that remain valid: none for a new recipe or a higher target, only the first for a new model or prompt."""
    if past is None or past.recipe != recipe or (past.target is not None and target < past.target):
        return ()
    return past.rounds if past.asked_with in (None, asked_with) else past.rounds[:1]


def is_judged(rounds: Rounds, shortfall: Shortfall | None) -> bool:
    """Whether the shortfall belongs to exactly these rounds, with their model, prompts and target."""
    return (
        shortfall is not None and shortfall.planned_by == rounds.planned_by and shortfall.rounds == len(rounds.rounds)
    )


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
        tasks: The table `tasks`.
        sampling: Its `per` names the columns of a cell.
        seed: The project's.
        rounds: The rows of each cell in each round.
        furthest: Rows of one task among which those of its cells must be.

    Raises:
        ParameterError: If `sampling.per` names no column of the plan, or a cell is so rare that its rows are not found.
    """
    tasks = by_id(tasks)
    weights, by_cell = tasks["weight"].to_numpy(), tasks_by_cell(tasks, sampling)
    cells = [cell for round_ in rounds.rounds for cell in _in_order(round_)]
    turns = {
        cell: zip(*(numbers.tolist() for numbers in deal(weights[by_cell[cell]], rows)), strict=True)
        for cell, rows in Counter(cells).items()
    }
    sources = [(by_cell[cell][task], cell, number) for cell in cells for task, number in [next(turns[cell])]]
    wanted: defaultdict[int, Counter[Cell]] = defaultdict(Counter)
    for task, cell, _ in sources:
        wanted[task][cell] += 1
    table, places = _find(tasks, sampling, seed, wanted, furthest)
    return table.take([places[task, cell][number] for task, cell, number in sources]).reset_index(drop=True)


def _in_order(cells: Sequence[CellRows]) -> list[Cell]:
    """The cell of each row of a round."""
    shares = [((row + 0.5) / each.rows, turn) for turn, each in enumerate(cells) for row in range(each.rows)]
    return [unnamed(cells[turn].cell) for _, turn in sorted(shares)]


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
        return list(misleading_labels_of(task, label.name, sampling.misleading_label)) if label else [None]
    if name in ATTRIBUTES:
        return list(weights_of(name, choice_of(task, name, sampling)))
    choices = (label.extra if label else {}, task.extra, sampling.extra)
    return next((list(chosen_weights(own[name])) for own in choices if name in own), [None])


def _find(
    tasks: pd.DataFrame,
    sampling: AttributeSamplingParameters,
    seed: int,
    wanted: Mapping[int, Counter[Cell]],
    furthest: int,
) -> tuple[pd.DataFrame, Mapping[tuple[int, Cell], list[int]]]:
    """A table of all wanted rows, and the positions in it of a task's rows in a cell, in order."""
    own = own_attributes(tasks, sampling)
    open_ = [(task, min(2 * sum(cells.values()) + 64, furthest)) for task, cells in sorted(wanted.items())]
    tables: list[pd.DataFrame] = []
    found: defaultdict[tuple[int, Cell], list[int]] = defaultdict(list)
    while open_:
        batch = [open_.pop()]
        while open_ and sum(length for _, length in batch) + open_[-1][1] <= furthest:
            batch.append(open_.pop())
        numbers, lengths = np.array(batch).T
        rows, before = TaskRows(tasks.take(numbers), lengths, sampling, own, seed), sum(map(len, tables))
        taken: list[int] = []
        row = enumerate(zip(*(rows.values(name).to_pylist() for name in sampling.per), strict=True))
        for task, length in batch:
            left = wanted[task].copy()
            hits = [(place, cell) for place, cell in islice(row, length) if _is_taken(left, cell)]
            if not any(left.values()):
                for place, cell in hits:
                    found[task, cell].append(before + len(taken))
                    taken.append(place)
            elif length < furthest:
                open_.append((task, min(2 * length, furthest)))
            else:
                lacking = next(cell for cell, number in left.items() if number)
                raise ParameterError(
                    f"Parameter attribute_sampling.per: the cell {shown(named(lacking, sampling.per))} is too rare: "
                    f"the first {length:,} rows of task {tasks['task_id'][task]} have only "
                    f"{wanted[task][lacking] - left[lacking]} of it. "
                    "Next: give its values more weight, or name fewer columns"
                )
        tables.append(rows.table(np.array(taken, np.int64)))
    return pd.concat(tables, ignore_index=True), found


def _is_taken(left: Counter[Cell], cell: Cell) -> bool:
    """Whether a row of the cell is still wanted; then one less is."""
    if not left[cell]:
        return False
    left[cell] -= 1
    return True
