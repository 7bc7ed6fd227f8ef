"""A folder of plain classification data: a task's rows are of no use to another task's classifier."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.export.formats import text_label
from synthetic_textcat.schemas.tasks import Task

Formulas = Literal["escape", "keep"]
File = Callable[[], Any]

_FORMULA = r"^('*[=+\-@\t\r\n＝＋－＠])"  # noqa: RUF001  spreadsheets take the wide forms too
_README = """# Text and label, a task at a time

`index.json` says which task is which. Of each task there are three files, named by its `task_id`:

- `.parquet`: columns `text` and `label`, exactly as accepted.
- `.csv`: the same in UTF-8, each cell in double quotes, a quote within it doubled.
- `.labels.json`: `label_names`, in the order of the tasks file; of a task without a label set, those that came, sorted.

"""
_ESCAPED = """A CSV cell that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line break) has
an apostrophe before it here, and so has one that begins with apostrophes and then one of these. To read the cell as
it was, take one apostrophe away where the cell matches `^'+[=+\\-@\\t\\r\\n＝＋－＠]`. The Parquet files need no such
thing.
"""  # noqa: RUF001
_KEPT = """CSV cells are as accepted (`export.csv_formulas: keep`): one that begins with = + - or @ is run as a formula
by a spreadsheet that opens the file. A program that reads it is not concerned.
"""


def text_label_files(examples: pd.DataFrame, tasks: Sequence[Task], formulas: Formulas) -> dict[str, File]:
    """The files by name: three for each task that has a row, an index of them, and how they are to be read."""
    known = {task.task_id: task for task in tasks}
    files: dict[str, File] = {}
    index = []
    for name, places in examples.groupby("task_id", sort=True).indices.items():
        task_id = str(name)
        rows = partial(_rows, examples, np.asarray(places))
        closed = bool(known[task_id].labels) if task_id in known else False
        entry = {"task_id": task_id, "task": examples["task"].iloc[places[0]], "rows": len(places), "closed": closed}
        index.append(entry)
        files[f"{task_id}.parquet"] = rows
        files[f"{task_id}.csv"] = partial(_for_csv, rows, formulas)
        files[f"{task_id}.labels.json"] = partial(_labels, entry, rows, known.get(task_id))
    files["index.json"] = lambda: index
    files["README.md"] = lambda: _README + (_ESCAPED if formulas == "escape" else _KEPT)
    return files


def escaped(cells: pd.Series) -> pd.Series:
    """The cells, with an apostrophe before what a spreadsheet would run; to undo it, take one from each of these."""
    return cells.str.replace(_FORMULA, r"'\1", regex=True)


def _rows(examples: pd.DataFrame, places: NDArray[np.intp]) -> pd.DataFrame:
    return text_label(examples.iloc[places])


def _for_csv(rows: Callable[[], pd.DataFrame], formulas: Formulas) -> pd.DataFrame:
    return rows().apply(escaped) if formulas == "escape" else rows()


def _labels(entry: dict[str, Any], rows: Callable[[], pd.DataFrame], task: Task | None) -> dict[str, Any]:
    names = task.label_names if task is not None and task.labels else sorted(set(rows()["label"]))
    return {**entry, "label_names": list(names)}
