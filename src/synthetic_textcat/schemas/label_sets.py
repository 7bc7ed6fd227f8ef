"""Label sets of rows: the column `labels`, which every table of rows has next to `label`.

`labels` lists a row's labels in the order of its task's label set. A row of a single-label task has one, which `label`
repeats, and the plan has none for an open label set. A row of a multi-label task has any number: `()` if none of the
labels fits, and its `label` is missing. In a frame a list is a tuple, in a file an Arrow list (`tables.arrow_frames`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import canonical_json
from synthetic_textcat.tables import FrameTable, RowTable, arrow_frames, mapped

LABELS = "labels"
LABELS_DTYPE = "object"
LABELS_ARROW_TYPE = arrow_frames.LIST

LabelSet = tuple[str, ...]

NO_LABEL = "none of the labels"
"""Shown in the place of an empty label set."""


def label_sets(labels: Iterable[str | None]) -> "pd.Series[Any]":
    """The column `labels` of single-label rows: their label as a set of one, missing where there is none."""
    codes, names = pd.factorize(pd.Series(labels, dtype="str"))
    return labels_column([*((name,) for name in names.tolist()), None], codes)


def labels_column(sets: Sequence[LabelSet | None], codes: NDArray[np.integer[Any]] | None = None) -> "pd.Series[Any]":
    """A column `labels`.

    Args:
        sets: Label sets.
        codes: Number of each row's set among these; the sets are those of the rows by default.
    """
    cells = np.fromiter(sets, object, len(sets))
    return pd.Series(cells if codes is None else cells[codes], dtype=LABELS_DTYPE)


def labels_of(frame: pd.DataFrame) -> list[LabelSet | None]:
    """The label set of each row; None where it is not known, as in the plan of an open label set.

    Cells may be tuples, or lists and arrays, as `pandas.read_parquet` gives them. A row with a label alone, as earlier
    versions wrote it, has the set of its label.
    """
    cells = frame[LABELS].tolist() if LABELS in frame else None
    if cells is not None and all(isinstance(cell, tuple) for cell in cells):
        return cells
    of_label = label_sets(frame["label"]).tolist()
    if cells is None:
        return of_label
    pairs = zip(cells, of_label, strict=True)
    return [cell if isinstance(cell, tuple) else _given(cell, own) for cell, own in pairs]


def _given(cell: object, of_label: LabelSet | None) -> LabelSet | None:
    return tuple(cell) if isinstance(cell, list | np.ndarray) else of_label


def label_set_code(labels: Iterable[str]) -> str:
    """A label set as a text, to group by; `label_set_of` gives the set again."""
    return canonical_json(list(labels))


def label_set_codes(frame: pd.DataFrame) -> "pd.Series[str]":
    """The code of each row's label set, missing where it is not known."""
    numbers, sets = pd.factorize(labels_column(labels_of(frame)))
    codes = pd.Series([*map(label_set_code, sets), None], dtype="str")
    return codes.take(numbers).set_axis(frame.index)


def label_set_of(code: str) -> LabelSet:
    """The label set of a code."""
    return tuple(json.loads(code))


def shown_labels(labels: LabelSet | None) -> LabelSet:
    """The labels of a row as pages list them and filter by: `NO_LABEL` of an empty set, nothing if it is not known."""
    return () if labels is None else labels or (NO_LABEL,)


def has_several_labels(row: Mapping[str, Any]) -> bool:
    """Whether a planned row or a slot is of a task with several labels a text: it has labels, but not one label."""
    return row["label"] is None and row.get(LABELS) is not None


def is_multi_label(task: Mapping[str, Any]) -> bool:
    """Whether a row of the table `tasks` is of a task with several labels a text; those of earlier versions are not."""
    return task.get("task_type") == "multi_label"


def has_multi_label(tasks: pd.DataFrame) -> bool:
    """Whether a task of the table `tasks` has several labels a text."""
    return "task_type" in tasks and bool((tasks["task_type"] == "multi_label").any())


def with_label_sets(table: RowTable) -> RowTable:
    """The rows with the column `labels` after `label`; an earlier version has written them without it."""
    if LABELS in table or "label" not in table:
        return table
    return (
        FrameTable(_with_label_sets(table.to_pandas()))
        if isinstance(table, FrameTable)
        else mapped(table, _with_label_sets)
    )


def _with_label_sets(rows: pd.DataFrame) -> pd.DataFrame:
    place = list(rows.columns).index("label") + 1
    found = rows.copy(deep=False)
    found.insert(place, LABELS, label_sets(rows["label"]).set_axis(rows.index))
    return found
