"""The user's evaluation set, matched to tasks."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.errors import EvaluationError, nearest
from synthetic_textcat.pipelines.evaluate.real_labels import given_labels, has_labels, label_places, rows_of
from synthetic_textcat.schemas.evaluation_set import text_column
from synthetic_textcat.schemas.label_sets import LABELS
from synthetic_textcat.schemas.rows import plain, to_frame
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.task_table import TaskTable, as_task_table
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.text.comparison import sentence_key

_REAL = {"task_id": "str", "text": "str", LABELS: "object"}
_TASKS = "index.json of the dataset 'text_label'"


class RealRows(NamedTuple):
    """Labelled real rows.

    Attributes:
        rows: task_id, text, labels (positions in the label set of the task, ascending: one, or any number).
        incomplete: Number of rows left out because they have no text or say nothing of their labels.
        repeated: Number of rows left out because an earlier row of the task has the same text and labels.
        contradictory: Number of texts in several rows with other labels in each, of tasks with several labels a text.
    """

    rows: pd.DataFrame
    incomplete: int = 0
    repeated: int = 0
    contradictory: int = 0

    @property
    def left_out(self) -> int:
        """Number of rows left out."""
        return self.incomplete + self.repeated


def real_rows(evaluation_set: pd.DataFrame | None, tasks: Sequence[Task]) -> RealRows:
    """Rows of the evaluation set with the label codes of their tasks; empty without a set or without labels.

    Tasks are matched by `task_id`, otherwise by `task`, the sentence; without either column, the project must have a
    single task. Sentences and labels match if only case, width, white space or a final full stop differ.

    Raises:
        EvaluationError: If a task or label is unknown to the project, the task has no label set, or a row of a
            single-label task has several labels or none.
    """
    if evaluation_set is None or not has_labels(evaluation_set):
        return RealRows(to_frame([], _REAL))
    texts, labels = _texts(evaluation_set[text_column(evaluation_set)]), given_labels(evaluation_set)
    complete = [place for place, text in enumerate(texts) if text and labels[place] is not None]
    owners = _tasks_of(evaluation_set.iloc[complete], tasks)
    places = label_places(owners, [labels[place] for place in complete])
    found = to_frame(
        zip((task.task_id for task in owners), (texts[place] for place in complete), places, strict=True), _REAL
    )
    keys = found.assign(text=found["text"].map(sentence_key))
    repeated = keys.duplicated()
    rows = found[~repeated].reset_index(drop=True)
    several = np.fromiter((task.task_type == "multi_label" for task in owners), np.bool_, len(owners))
    times = keys[several & ~repeated].value_counts(["task_id", "text"])
    return RealRows(rows, len(evaluation_set) - len(complete), int(repeated.sum()), int((times > 1).sum()))


def _texts(column: "pd.Series[Any]") -> list[str]:
    return ["" if value is None else str(value).strip() for value in plain(column)]


def _tasks_of(rows: pd.DataFrame, tasks: Sequence[Task]) -> list[Task]:
    """Task of each row."""
    known = as_task_table(tasks)
    if "task_id" in rows:
        found = _named(known, known.ids, _texts(rows["task_id"]))
    elif "task" in rows:
        found = _named(known, known.sentences, _texts(rows["task"]))
    elif len(tasks) == 1:
        found = [tasks[0]] * len(rows)
    else:
        raise EvaluationError(
            f"The evaluation set has labels, but no column `task_id` or `task`, and there are {len(tasks)} tasks. "
            f"Next: add a column `task_id` ({_TASKS} lists them) or `task`, with the sentence of the tasks file"
        )
    _refuse_open_tasks(found)
    return found


def _named(tasks: TaskTable, known: Sequence[str], names: Sequence[str]) -> list[Task]:
    """The tasks with these names, of which `known` has that of each task."""
    wanted = {normalise(name) for name in names}
    places = {key: place for place, name in enumerate(known) if (key := normalise(name)) in wanted}
    unknown = Counter(name for name in names if normalise(name) not in places)
    for name, rows in unknown.most_common(1):
        raise EvaluationError(
            f"The evaluation set has the task {shown(name)} in {rows_of(rows)}, which the project does not have; "
            f"{nearest(name, known)}. Next: name the task as {_TASKS} does, or remove these rows"
        )
    found = {key: tasks[place] for key, place in places.items()}
    return [found[normalise(name)] for name in names]


def _refuse_open_tasks(found: Sequence[Task]) -> None:
    counts = Counter(task.task for task in found if not task.labels)
    for task, rows in counts.most_common(1):
        raise EvaluationError(
            f"The evaluation set has {rows_of(rows)} of the task {shown(task)}, which has open labels: the model "
            "invents them, so there is no label set to test. Next: give the task labels and generate, or remove these "
            "rows"
        )
