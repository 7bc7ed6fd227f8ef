"""Views of label sets: one row for each label of a text, and multi-hot columns with safe, reversible names."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.schemas.label_sets import LABELS, LabelSet, labels_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import MadeTable, RowTable, factorized, filtered
from synthetic_textcat.text.multi_hot import MultiHot, multi_hot

_OTHERS = re.compile(r"[^a-z0-9]+")
_LONGEST = 40  # letters of a label in a column name


def has_label_sets(rows: RowTable, task: Task | None) -> bool:
    """Whether the rows of a task are exported as label sets; by the rows if the task is not known."""
    if task is not None:
        return task.task_type == "multi_label"
    return any(bool(own["label"].isna().any()) for own in rows.frames(["label"]))


def labels_in(examples: RowTable) -> list[str]:
    """All labels of some rows, sorted."""
    codes, labels = factorized(examples, "label")
    if (codes >= 0).all():
        return sorted(labels)
    return sorted({label for labels in factorized(examples, LABELS)[1] for label in labels})


def rows_of_no_label(examples: RowTable) -> int:
    """Number of rows that none of the labels fits."""
    return int((numbers_of_labels(examples) == 0).sum())


def one_row_a_label(examples: RowTable, columns: Sequence[str], *, several: bool) -> RowTable:
    """Some columns of the rows, each row once for each of its labels, which is in `label`; none for a row of no label.

    Args:
        examples: The rows.
        columns: The columns.
        several: Whether a task has several labels a text; else the rows are as they were.
    """
    if not several:
        return examples
    names = [name for name in examples.names if name in columns]

    def make() -> Iterator[pd.DataFrame]:
        for rows in examples.frames([*names, LABELS]):
            sets = _known(rows)
            places = np.repeat(np.arange(len(rows)), [len(labels) for labels in sets])
            labels = pd.Series([label for labels in sets for label in labels], dtype="str")
            yield rows.iloc[places].reset_index(drop=True).assign(label=labels)[names]

    dtypes = {str(name): dtype for name, dtype in examples.empty(names).dtypes.items()}
    return MadeTable(make, dtypes, int(numbers_of_labels(examples).sum()))


def with_a_label(examples: RowTable, *, several: bool) -> RowTable:
    """The rows that have a label: all, unless a task has several labels a text."""
    return filtered(examples, numbers_of_labels(examples) > 0) if several else examples


def numbers_of_labels(examples: RowTable) -> NDArray[np.int64]:
    """Number of labels of each row."""
    frames = examples.frames(["label", LABELS])
    return np.fromiter((len(labels) for rows in frames for labels in _known(rows)), np.int64, len(examples))


def _known(rows: pd.DataFrame) -> list[LabelSet]:
    """Label sets of accepted rows, all of which are known."""
    return [labels or () for labels in labels_of(rows)]


def multi_hot_columns(names: Sequence[str]) -> dict[str, str]:
    """Label of each multi-hot column: `label_` and the label's number, so that no two labels share a name.

    Its letters follow where they are ASCII: for the eye only. A file of labels next to the rows has the mapping.
    """
    width = len(str(len(names) - 1))
    return {f"label_{number:0{width}}{_letters(name)}": name for number, name in enumerate(names)}


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = _OTHERS.sub("_", plain).strip("_")[:_LONGEST].strip("_")
    return f"_{letters}" if letters else ""


def hot(rows: pd.DataFrame, names: Sequence[str]) -> MultiHot:
    """Multi-hot matrix of the rows' labels.

    Raises:
        StaleTableError: If the label set lacks one of them.
    """
    try:
        return multi_hot(_known(rows), names)
    except KeyError as error:
        raise unknown_label(error.args[0]) from None


def unknown_label(label: object) -> StaleTableError:
    """Error for a label of a row that is not in the label set of its task."""
    return StaleTableError(
        f"The label {label!r} in the dataset 'examples' is not in its task's label set in the dataset 'tasks', "
        "which is newer. Next: run `kedro run --pipelines generate`"
    )
