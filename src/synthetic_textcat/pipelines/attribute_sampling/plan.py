"""Plan of rows: allocation of rows to tasks, and the table of their drawn attributes."""

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.choices import refuse_undrawable
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, ranges
from synthetic_textcat.pipelines.attribute_sampling.task_rows import TaskRows
from synthetic_textcat.schemas.own_attributes import names_in_order, parent_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable, empty_frame
from synthetic_textcat.tables.row_table import Columns

_DEALT = 500_000  # rows dealt at once, but at least one of each task


class PlanTable(RowTable):
    """The plan as a row table: each walk makes the columns asked for from the codes of the rows.

    Args:
        parts: Rows of tasks, some tasks in each part.
        places: Place of each planned row in its part, in plan order.
        part_of: Number of each one's part; None if there is only one.
    """

    def __init__(self, parts: Sequence[TaskRows], places: Ints, part_of: Ints | None = None) -> None:
        self._parts, self._places, self._part_of = parts, places, part_of

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self._parts[0].dtypes)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._places)

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        """A frame with the columns and their dtypes, and no row."""
        return empty_frame({name: self._parts[0].dtypes[name] for name in self._checked(columns)})

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        for start in range(0, len(self._places), rows):
            yield self._frame(slice(start, start + rows), columns)

    def _frame(self, batch: slice, columns: list[str]) -> pd.DataFrame:
        places = self._places[batch]
        if self._part_of is None:
            return self._parts[0].frame(places, columns)
        order = np.argsort(self._part_of[batch], kind="stable")
        parts, starts = np.unique(self._part_of[batch][order], return_index=True)
        members = np.split(places[order], starts[1:])
        frames = [self._parts[part].frame(own, columns) for part, own in zip(parts, members, strict=True)]
        frame: pd.DataFrame = pd.concat(frames, ignore_index=True).take(np.argsort(order)).reset_index(drop=True)
        return frame


def plan_rows(tasks: pd.DataFrame, sampling: AttributeSamplingParameters, seed: int) -> PlanTable:
    """The plan, columns `REQUESTS` with own attributes after `num_words`.

    Tasks take their turns in the order of their ids, so that the order of the file moves no row; a longer plan begins
    with the shorter one.
    """
    tasks = by_id(tasks)
    task, places = deal(tasks["weight"].to_numpy(), sampling.num_examples)
    counts = np.bincount(task, minlength=len(tasks))
    places += (np.cumsum(counts) - counts).astype(np.int32)[task]
    del task
    return PlanTable([TaskRows(tasks, counts, sampling, own_attributes(tasks, sampling), seed)], places)


def deal(weights: Ints, rows: int) -> tuple[Ints, Ints]:
    """The task of each row in order, and the row's number within it: rows go to the task furthest behind its weight.

    Replicate r of a task of weight w stands at (2r + 1) / w, ties by the tasks' order: Sainte-Lague's rule. So a longer
    plan begins with the shorter one, and tasks of equal weights get the same number to within one.
    """
    task, replicate = np.empty(rows, np.int32), np.empty(rows, np.int32)
    before, start, at_once = np.zeros(len(weights), np.int64), 0, max(_DEALT, len(weights))
    while start < rows:
        end = min(start + at_once, rows)
        reach = 2 * (end + len(weights)) / weights.sum()  # up to here there are so many rows at least
        counts = np.floor((reach * weights + 1) / 2).astype(np.int64) + 1 - before
        own = np.repeat(np.arange(len(weights), dtype=np.int32), counts)
        number = ranges(counts) + before.astype(np.int32)[own]
        place = (2 * number + 1) / weights[own]
        within = np.flatnonzero(place <= reach)
        order = within[np.lexsort((own[within], place[within]))][: rows - start]
        task[start : start + len(order)], replicate[start : start + len(order)] = own[order], number[order]
        before += np.bincount(own[order], minlength=len(weights))
        start += len(order)
    return task, replicate


def by_id(tasks: pd.DataFrame) -> pd.DataFrame:
    """The tasks in the order of the plan."""
    return tasks.sort_values("task_id", ignore_index=True)


def own_attributes(tasks: pd.DataFrame, sampling: AttributeSamplingParameters) -> tuple[str, ...]:
    """The names of all own attributes: of the parameters, the tasks and their labels.

    Raises:
        ParameterError: If two look alike, or a dependent one can't be drawn.
    """
    choices = [json.loads(text) for text in tasks["attributes"].unique()]
    of_labels = [label for task in choices for label in task.get("labels", {}).values()]
    extras = [choice.get("extra", {}) for choice in (*choices, *of_labels)]
    names = names_in_order(sampling.extra, extras)
    if any(parent_of(choice) for extra in (sampling.extra, *extras) for choice in extra.values()):
        refuse_undrawable(tasks_of(tasks), sampling, names)
    return names
