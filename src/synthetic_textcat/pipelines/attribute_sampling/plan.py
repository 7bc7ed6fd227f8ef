"""The plan: which rows there are, in which order, and what each is to be."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.cells import tasks_by_cell
from synthetic_textcat.pipelines.attribute_sampling.dealing import deal
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import QuotaPlanner
from synthetic_textcat.pipelines.attribute_sampling.task_plan import TaskPlanner
from synthetic_textcat.schemas.attributes import names_in_order
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, Rounds
from synthetic_textcat.schemas.rows import REQUESTS, with_columns, with_own
from synthetic_textcat.schemas.tasks import Task


def quota_rows(tasks: Sequence[Task], sampling: AttributeSamplingParameters, seed: int, rounds: Rounds) -> pd.DataFrame:
    """The plan of a quota, the same columns: round after round.

    Raises:
        ParameterError: If `sampling.per` names no column of the plan, or a cell too rare to be planned.
    """
    in_turn = _in_turn(tasks)
    own = own_attributes(in_turn, sampling)
    cells = tasks_by_cell(in_turn, sampling, own)
    rows = QuotaPlanner(cells, sampling.per, TaskPlanner(sampling, own, seed)).rows(rounds)
    return with_columns(rows, with_own(REQUESTS, own))


def plan_rows(tasks: Sequence[Task], sampling: AttributeSamplingParameters, seed: int) -> pd.DataFrame:
    """The plan, columns `REQUESTS` with own attributes after `num_words`.

    Tasks take their turns in the order of their ids, so that the order of the file moves no row; a longer plan begins
    with the shorter one.
    """
    in_turn = _in_turn(tasks)
    dealt = deal([task.weight for task in in_turn], sampling.num_examples)
    counts = np.bincount(dealt.task, minlength=len(in_turn))
    own = own_attributes(in_turn, sampling)
    planner = TaskPlanner(sampling, own, seed)
    dtypes = with_own(REQUESTS, own)
    columns: dict[str, list[Any]] = {name: [] for name in dtypes}
    for task, rows in zip(in_turn, counts, strict=True):
        for name, values in planner.columns(task, int(rows)).items():
            columns[name].extend(values)
    place = (np.cumsum(counts) - counts)[dealt.task] + dealt.replicate
    frame = pd.DataFrame({name: pd.Series(columns.pop(name), dtype=dtype) for name, dtype in dtypes.items()})
    return frame.take(place).reset_index(drop=True)


def cells_in_order(tasks: Sequence[Task], sampling: AttributeSamplingParameters) -> list[Cell]:
    """The cells of a quota, in the order in which a round has them.

    Raises:
        ParameterError: As in `quota_rows`.
    """
    in_turn = _in_turn(tasks)
    return list(tasks_by_cell(in_turn, sampling, own_attributes(in_turn, sampling)))


def own_attributes(tasks: Sequence[Task], sampling: AttributeSamplingParameters) -> tuple[str, ...]:
    """The names of all own attributes: of the parameters, the tasks and their labels."""
    of_tasks = chain.from_iterable((task.extra, *(label.extra for label in task.labels)) for task in tasks)
    return names_in_order(sampling.extra, of_tasks)


def _in_turn(tasks: Sequence[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: task.task_id)
