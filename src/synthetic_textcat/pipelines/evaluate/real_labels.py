"""Labels of the user's rows, one or several in a cell, matched to the label sets of their tasks."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.errors import EvaluationError, nearest
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_sets import LABELS
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task

LABEL = "label"
Names = tuple[str, ...]

_MOST_NAMED = 3
_BETWEEN = ("|", ";", ",")
"""Characters between the labels of a cell, in the order in which they are tried."""


def has_labels(evaluation_set: pd.DataFrame) -> bool:
    """Whether the evaluation set has a column of labels."""
    return LABEL in evaluation_set or LABELS in evaluation_set


def given_labels(evaluation_set: pd.DataFrame) -> list[Any]:
    """The user's labels of each row: the cell in `labels`, else the cell in `label`; None where both are empty.

    A cell is a text, or a list of texts. The text `[]` and an empty list say that no label fits; an empty text or a
    missing value says nothing.
    """
    columns = [
        [_cell(value) for value in plain(evaluation_set[name])] for name in (LABELS, LABEL) if name in evaluation_set
    ]
    return [next((cell for cell in cells if cell is not None), None) for cells in zip(*columns, strict=True)]


def _cell(value: Any) -> str | Names | None:
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(str(label).strip() for label in value)
    return None if value is None else str(value).strip() or None


def label_places(owners: Sequence[Task], given: Sequence[str | Names]) -> list[tuple[int, ...]]:
    """Positions of each row's labels in the label set of its task, ascending.

    Args:
        owners: Task of each row.
        given: Labels of each row, as of `given_labels`.

    Raises:
        EvaluationError: If a label is not in the set, or a row of a single-label task has not exactly one.
    """
    spelling = {task.task_id: _spelling(task) for task in owners}
    names = [_names(task, cell, spelling[task.task_id]) for task, cell in zip(owners, given, strict=True)]
    spelt = [
        tuple((name, spelling[task.task_id](name)) for name in own) for task, own in zip(owners, names, strict=True)
    ]
    _refuse_unknown(owners, spelt)
    _refuse_several(owners, names)
    places = {task.task_id: {name: place for place, name in enumerate(task.label_names)} for task in owners}
    return [
        tuple(sorted({places[task.task_id][str(name)] for _, name in own}))
        for task, own in zip(owners, spelt, strict=True)
    ]


def _spelling(task: Task) -> Callable[[str], str | None]:
    names = frozenset(task.label_names)
    return lambda label: set_spelling(label, names)


def _names(task: Task, cell: str | Names, spelling: Callable[[str], str | None]) -> Names:
    """Labels of a cell: of a text, it may be one label, a JSON list, or labels between `_BETWEEN`."""
    if not isinstance(cell, str):
        return cell
    if spelling(cell) is not None:
        return (cell,)
    if (listed := _json_list(cell)) is not None:
        return listed
    if task.task_type == "multi_label":
        splits = (tuple(part.strip() for part in cell.split(mark) if part.strip()) for mark in _BETWEEN if mark in cell)
        tried = list(splits)
        return next((parts for parts in tried if all(map(spelling, parts))), tried[0] if tried else (cell,))
    return (cell,)


def _json_list(cell: str) -> Names | None:
    if not cell.startswith("["):
        return None
    try:
        listed = json.loads(cell)
    except ValueError:
        return None
    return tuple(label.strip() for label in listed) if all(isinstance(label, str) for label in listed) else None


def _refuse_unknown(owners: Sequence[Task], spelt: Sequence[Sequence[tuple[str, str | None]]]) -> None:
    known = {task.task_id: task for task in owners}
    unknown = Counter(
        (task.task_id, label) for task, own in zip(owners, spelt, strict=True) for label, name in own if name is None
    )
    for (key, _), _ in unknown.most_common(1):
        task = known[key]
        own = [(label, rows) for (owner, label), rows in unknown.most_common() if owner == key][:_MOST_NAMED]
        named = "; ".join(
            f"{shown(label)} in {rows_of(rows)} ({nearest(label, task.label_names)})" for label, rows in own
        )
        none_fits = ", with [] where none fits" if task.task_type == "multi_label" else ""
        raise EvaluationError(
            f"The evaluation set has labels that the task {shown(task.task)} does not have: {named}. Next: name labels "
            f"as the tasks file does{none_fits}, or remove these rows"
        )


def _refuse_several(owners: Sequence[Task], names: Sequence[Names]) -> None:
    wrong = Counter(
        task.task for task, own in zip(owners, names, strict=True) if task.task_type == "single_label" and len(own) != 1
    )
    for task, rows in wrong.most_common(1):
        raise EvaluationError(
            f"The evaluation set has {rows_of(rows)} of the task {shown(task)} without exactly one label, but the "
            "task has one label a text. Next: give one label in each row, or set labels_per_text in the tasks file"
        )


def rows_of(rows: int) -> str:
    """A number of rows in words."""
    return f"{rows} row{'s' if rows > 1 else ''}"
