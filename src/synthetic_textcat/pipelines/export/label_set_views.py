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
    return any_without_label(rows) if task is None else task.task_type == "multi_label"


def any_without_label(examples: RowTable) -> bool:
    """Whether there are rows of multi-label tasks: their labels are in `labels` only."""
    return any(bool(rows["label"].isna().any()) for rows in examples.frames(["label"]))


def labels_in(examples: RowTable) -> list[str]:
    """All labels of some rows, sorted."""
    codes, labels = factorized(examples, "label")
    if (codes >= 0).all():
        return sorted(labels)
    return sorted({label for labels in factorized(examples, LABELS)[1] for label in labels})


def rows_of_no_label(examples: RowTable) -> int:
    """Number of rows that none of the labels fits."""
    if not any_without_label(examples):
        return 0
    return int(sum((counts == 0).sum() for counts in _numbers_of_labels(examples)))


def one_row_a_label(examples: RowTable, columns: Sequence[str]) -> RowTable:
    """Some columns of the rows, each row once for each of its labels, which is in `label`; none for a row of no label.

    The rows of single-label tasks are as they were.
    """
    if not any_without_label(examples):
        return examples
    names = [name for name in examples.names if name in columns]

    def make() -> Iterator[pd.DataFrame]:
        for rows in examples.frames([*names, LABELS]):
            sets = _known(rows)
            places = np.repeat(np.arange(len(rows)), [len(labels) for labels in sets])
            labels = pd.Series([label for labels in sets for label in labels], dtype="str")
            yield rows.iloc[places].reset_index(drop=True).assign(label=labels)[names]

    number = int(sum(counts.sum() for counts in _numbers_of_labels(examples)))
    dtypes = {str(name): dtype for name, dtype in examples.empty(names).dtypes.items()}
    return MadeTable(make, dtypes, number)


def with_a_label(examples: RowTable) -> RowTable:
    """The rows that have a label."""
    if not any_without_label(examples):
        return examples
    return filtered(examples, np.concatenate([counts > 0 for counts in _numbers_of_labels(examples)]))


def _numbers_of_labels(examples: RowTable) -> Iterator[NDArray[np.int64]]:
    for rows in examples.frames(["label", LABELS]):
        sets = _known(rows)
        yield np.fromiter(map(len, sets), np.int64, len(sets))


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
