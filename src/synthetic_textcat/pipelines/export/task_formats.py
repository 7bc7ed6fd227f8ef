"""Formats with files for each task: text and label as CSV, Argilla records."""

import csv
import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthetic_textcat.pipelines.export.formats import text_label, text_label_columns, text_labels
from synthetic_textcat.pipelines.export.label_set_views import (
    has_label_sets,
    labels_in,
    multi_hot_columns,
    rows_of_no_label,
)
from synthetic_textcat.schemas.label_sets import LABELS, labels_of
from synthetic_textcat.schemas.rows import ATTRIBUTES, LABEL_AGREEMENT, own_of
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowGroups, RowTable, mapped
from synthetic_textcat.text.comparison import first_alike
from synthetic_textcat.text.json_columns import data_of, joined, json_column, json_key, without_null

Formulas = Literal["escape", "keep"]

File = Any
"""Content of a file: rows, plain values, bytes or text; or a function that makes it when the file is written."""

TaskFormat = Callable[[RowTable, Task | None], dict[str, File]]
"""Files of a task by the ends of their names, from its rows and the task; None if `tasks` is newer and lacks it."""

TASK_FORMATS: dict[str, TaskFormat] = {}
"""Dataset → format of the files of each task in its folder; the pipeline makes a node of each."""

_FORMULA = r"^('*[=+\-@\t\r\n＝＋－＠])"  # noqa: RUF001  spreadsheets take the wide forms too
_README = """# Text and label, one task at a time

`index.json` lists the tasks. Each task has three files, named by its `task_id`:

- `.parquet`: columns `text` and `label`, exactly as accepted.{agreement}
- `.csv`: the same in UTF-8{bom}, each cell in double quotes, a quote within it doubled.
- `.labels.json`: `label_names`, in the order of the tasks file; for a task without a label set, its labels, sorted.

"""
_AGREEMENT = """
  Also `label_agreement`: whether a judge agrees with the label; empty for rows that it was not asked about."""
_SEVERAL = """Tasks with `"task_type": "multi_label"` in `index.json` have several labels a text, or none:

- `.parquet`: `text`, `labels` (a list of names, in the order of the tasks file), and for each a column of 0 and 1.
- `.csv`: the same; `labels` is a JSON list.
- `.labels.json`: also `columns`, the label of each of these columns. Their names begin with `label_` and the number of
  the label.

```python
import json
import pandas as pd

rows = pd.read_parquet("<task_id>.parquet")
columns = json.load(open("<task_id>.labels.json", encoding="utf-8"))["columns"]
texts, targets = rows["text"], rows[list(columns)].to_numpy()  # as scikit-learn reads them
names = list(columns.values())  # in the order of the targets' columns
```

"""
_ESCAPED = """A CSV cell that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line break) is
preceded by an apostrophe here, and so is a cell that begins with apostrophes and then one of these characters. To
restore a cell, remove one apostrophe where it matches `^'+[=+\\-@\\t\\r\\n＝＋－＠]`. Parquet needs no escapes.
"""  # noqa: RUF001
_KEPT = """CSV cells are as accepted (`export.csv_formulas: keep`): a spreadsheet that opens the file runs a cell that
begins with = + - or @ as a formula. Programs that parse CSV are not affected.
"""

_NO_LABEL = "none of these"
_BETWEEN = b",\n"  # records
_ROWS_AT_ONCE = 2_000  # their JSON stays in the processor's cache


def task_format(function: TaskFormat) -> TaskFormat:
    """Registers a format: the folder that it fills is the dataset of its name."""
    TASK_FORMATS[function.__name__] = function
    return function


def files_of_tasks(examples: RowGroups, tasks: Sequence[Task], function: TaskFormat) -> dict[str, File]:
    """Files of a format for each task with rows, by name: `<task_id>.<end>`."""
    known = as_task_table(tasks).by_id
    return {
        f"{task_id}.{end}": file
        for task_id, rows in examples.items()
        for end, file in function(rows, known.get(task_id)).items()
    }


def text_label_files(
    examples: RowGroups, tasks: Sequence[Task], formulas: Formulas, *, bom: bool = False
) -> dict[str, File]:
    """Text and label files by name: three for each task with rows, an index, and a README.

    Args:
        examples: Accepted rows by task.
        tasks: Their tasks.
        formulas: Whether CSV cells that a spreadsheet would run are escaped.
        bom: Whether CSV files begin with a byte order mark, by which Excel recognises UTF-8.
    """
    known = as_task_table(tasks).by_id
    files: dict[str, File] = {}
    index = []
    for (task_id, own), sentence in zip(examples.items(), examples.first("task"), strict=True):
        task = known.get(task_id)
        entry = {
            "task_id": task_id,
            "task": sentence,
            "rows": len(own),
            "closed": bool(task and task.labels),
        }
        if has_label_sets(own, task):
            entry["task_type"] = "multi_label"
            rows = mapped(own, partial(text_labels, names=_names(task, own)), text_label_columns(own, LABELS))
        else:
            rows = mapped(own, text_label, text_label_columns(own))
        index.append(entry)
        files[f"{task_id}.parquet"] = rows
        cells = mapped(rows, partial(_cells, formulas=formulas))
        files[f"{task_id}.csv"] = partial(_with_bom, cells) if bom else cells
        files[f"{task_id}.labels.json"] = partial(_labels, entry, own, task)
    files["index.json"] = index
    readme = _README.format(
        bom=' with a byte order mark (Python: `encoding="utf-8-sig"`)' if bom else "",
        agreement=_AGREEMENT if LABEL_AGREEMENT in examples.rows else "",
    )
    several = _SEVERAL if any("task_type" in entry for entry in index) else ""
    files["README.md"] = readme + several + (_ESCAPED if formulas == "escape" else _KEPT)
    return files


def escaped(cells: pd.Series) -> pd.Series:
    """Cells with an apostrophe before spreadsheet formulas; removing one apostrophe from such cells undoes it."""
    return cells.str.replace(_FORMULA, r"'\1", regex=True)


def _cells(rows: pd.DataFrame, formulas: Formulas) -> pd.DataFrame:
    cells = rows.assign(**{name: _as_words(rows[name]) for name in rows if name == LABEL_AGREEMENT})
    if LABELS in rows:
        lists = [json.dumps(labels, ensure_ascii=False) for labels in rows[LABELS]]
        cells = cells.assign(**{LABELS: pd.Series(lists, rows.index, "str")}).astype("str")
    return cells.apply(escaped) if formulas == "escape" and len(cells) else cells


def _with_bom(cells: RowTable) -> Iterator[bytes]:
    yield BOM_UTF8 + _csv(cells.empty(), header=True)
    for frame in cells.frames():
        yield _csv(frame, header=False)


def _csv(cells: pd.DataFrame, *, header: bool) -> bytes:
    return cells.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\n", header=header).encode()


def _as_words(agrees: pd.Series) -> pd.Series:
    return agrees.map({True: "true", False: "false"}).astype("str").fillna("")


def _labels(entry: dict[str, Any], rows: RowTable, task: Task | None) -> dict[str, Any]:
    names = _names(task, rows)
    columns = {"columns": multi_hot_columns(names)} if "task_type" in entry else {}
    return {**entry, "label_names": names, **columns}


def _names(task: Task | None, rows: RowTable) -> list[str]:
    """The label set of a task; the labels of its rows, sorted, if it has none."""
    return list(task.label_names) if task is not None and task.labels else labels_in(rows)


@task_format
def argilla(rows: RowTable, task: Task | None) -> dict[str, File]:
    """Argilla files: records in `<task_id>.records.json`, dataset settings in `<task_id>.settings.json`.

    An Argilla dataset has a single label set, so each task gets its own dataset. The records have the form read by
    `Dataset.records.from_json` of Argilla 2.8. Several labels a text are a suggestion of a list. Argilla's server
    refuses an empty list, and a required question without an answer: so where a
    text may have no label, that is one more option.
    """
    question = _question(task, rows)
    suggested = partial(_suggested_sets, no_label=question.no_label) if question.name == LABELS else _suggested_labels
    return {
        "records.json": partial(_records, rows, partial(_records_of, question=question.name, suggested=suggested)),
        "settings.json": partial(_settings, question, rows),
    }


class _Question(NamedTuple):
    """The question of an Argilla dataset.

    Attributes:
        name: Key of the suggestions.
        fields: Of the question's settings.
        no_label: Option for a text that no label fits, where a text may have none.
    """

    name: str
    fields: dict[str, Any]
    no_label: str | None = None


def _question(task: Task | None, rows: RowTable) -> _Question:
    """A (multi-)label question if the labels are known, otherwise a text question."""
    if has_label_sets(rows, task):
        names, no_label = _names(task, rows), _NO_LABEL
        if not (rows_of_no_label(rows) if task is None else 0 in task.set_sizes):
            return _Question(LABELS, {"type": "multi_label", "labels": names})
        while first_alike([*names, no_label]):
            no_label = f"({no_label})"
        return _Question(LABELS, {"type": "multi_label", "labels": [*names, no_label]}, no_label)
    labels = list(task.label_names) if task is not None else []
    return _Question("label", {"type": "label", "labels": labels} if labels else {"type": "text"})


def _metadata_of(rows: pd.DataFrame | RowTable) -> list[str]:
    return [*ATTRIBUTES, *own_of(rows), "model_name"]


def _records(rows: RowTable, records_of: Callable[[pd.DataFrame], pa.Array]) -> Iterator[bytes | memoryview]:
    """A JSON list of records, one a line."""
    yield b"["
    for number, frame in enumerate(rows.frames(rows=_ROWS_AT_ONCE)):
        yield b",\n" if number else b"\n"
        yield data_of(records_of(frame))[: -len(_BETWEEN)]
    yield b"\n]\n" if len(rows) else b"]\n"


def _suggested_labels(rows: pd.DataFrame) -> pa.Array:
    return json_column(rows["label"])


def _suggested_sets(rows: pd.DataFrame, no_label: str | None) -> pa.Array:
    none = [] if no_label is None else [no_label]
    lists = [list(labels or none) for labels in labels_of(rows)]
    return json_column(pd.Series(lists, rows.index, object))


def _records_of(rows: pd.DataFrame, question: str, suggested: Callable[[pd.DataFrame], pa.Array]) -> pa.Array:
    """Records as JSON, each with `_BETWEEN` after it."""
    texts = {name: json_column(rows[name]) for name in ("request_id", "input_text", "task")}
    about = {name: json_column(rows[name]) for name in _metadata_of(rows)}
    metadata = joined(*(without_null(b", " + json_key(name) + b" ", values) for name, values in about.items()))
    return joined(
        b'{"id": ',
        texts["request_id"],
        b', "fields": {"text": ',
        texts["input_text"],
        b', "task": ',
        texts["task"],
        b'}, "metadata": {',
        pc.utf8_slice_codeunits(metadata.cast(pa.large_string()), len(", ")).cast(metadata.type),
        b'}, "suggestions": {' + json_key(question) + b' {"value": ',
        suggested(rows),
        b', "score": null, "agent": ',
        about["model_name"],
        b', "type": "model"}}}' + _BETWEEN,
    )


def _settings(question: _Question, rows: RowTable) -> dict[str, Any]:
    """Arguments of Argilla's `Settings`; and `no_label`, the option that stands for none of the labels."""
    settings = {
        "fields": [{"name": "text", "type": "text"}, {"name": "task", "type": "text"}],
        "questions": [{"name": question.name, **question.fields}],
        "metadata": [{"name": name, "type": "terms"} for name in _metadata_of(rows)],
    }
    return settings | ({"no_label": question.no_label} if question.no_label else {})
