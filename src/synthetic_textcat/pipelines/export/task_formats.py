"""Formats with files for each task: text and label as CSV, Argilla records."""

import csv
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthetic_textcat.pipelines.export.formats import text_label, text_label_columns
from synthetic_textcat.schemas.rows import ATTRIBUTES, LABEL_AGREEMENT, own_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowGroups, RowTable, factorized, mapped
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
_ESCAPED = """A CSV cell that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line break) is
preceded by an apostrophe here, and so is a cell that begins with apostrophes and then one of these characters. To
restore a cell, remove one apostrophe where it matches `^'+[=+\\-@\\t\\r\\n＝＋－＠]`. Parquet needs no escapes.
"""  # noqa: RUF001
_KEPT = """CSV cells are as accepted (`export.csv_formulas: keep`): a spreadsheet that opens the file runs a cell that
begins with = + - or @ as a formula. Programs that parse CSV are not affected.
"""

_QUESTION = "label"
_BETWEEN = b",\n"  # records
_ROWS_AT_ONCE = 2_000  # their JSON stays in the processor's cache


def task_format(function: TaskFormat) -> TaskFormat:
    """Registers a format: the folder that it fills is the dataset of its name."""
    TASK_FORMATS[function.__name__] = function
    return function


def files_of_tasks(examples: RowGroups, tasks: Sequence[Task], function: TaskFormat) -> dict[str, File]:
    """Files of a format for each task with rows, by name: `<task_id>.<end>`."""
    known = {task.task_id: task for task in tasks}
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
    known = {task.task_id: task for task in tasks}
    files: dict[str, File] = {}
    index = []
    for task_id, own in examples.items():
        rows = mapped(own, text_label, text_label_columns(own))
        closed = bool(known[task_id].labels) if task_id in known else False
        entry = {"task_id": task_id, "task": own.head(1)["task"].iloc[0], "rows": len(own), "closed": closed}
        index.append(entry)
        files[f"{task_id}.parquet"] = rows
        cells = mapped(rows, partial(_cells, formulas=formulas))
        files[f"{task_id}.csv"] = partial(_with_bom, cells) if bom else cells
        files[f"{task_id}.labels.json"] = partial(_labels, entry, own, known.get(task_id))
    files["index.json"] = index
    readme = _README.format(
        bom=' with a byte order mark (Python: `encoding="utf-8-sig"`)' if bom else "",
        agreement=_AGREEMENT if LABEL_AGREEMENT in examples.rows else "",
    )
    files["README.md"] = readme + (_ESCAPED if formulas == "escape" else _KEPT)
    return files


def escaped(cells: pd.Series) -> pd.Series:
    """Cells with an apostrophe before spreadsheet formulas; removing one apostrophe from such cells undoes it."""
    return cells.str.replace(_FORMULA, r"'\1", regex=True)


def _cells(rows: pd.DataFrame, formulas: Formulas) -> pd.DataFrame:
    cells = rows.assign(**{name: _as_words(rows[name]) for name in rows if name == LABEL_AGREEMENT})
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
    names = task.label_names if task is not None and task.labels else sorted(factorized(rows, "label")[1])
    return {**entry, "label_names": list(names)}


@task_format
def argilla(rows: RowTable, task: Task | None) -> dict[str, File]:
    """Argilla files: records in `<task_id>.records.json`, dataset settings in `<task_id>.settings.json`.

    An Argilla dataset has a single label set, so each task gets its own dataset. The records have the form read by
    `Dataset.records.from_json` of Argilla 2.8.
    """
    return {"records.json": partial(_records, rows), "settings.json": partial(_settings, task, rows)}


def _metadata_of(rows: pd.DataFrame | RowTable) -> list[str]:
    return [*ATTRIBUTES, *own_of(rows), "model_name"]


def _records(rows: RowTable) -> Iterator[bytes | memoryview]:
    """A JSON list of records, one a line."""
    yield b"["
    for number, frame in enumerate(rows.frames(rows=_ROWS_AT_ONCE)):
        yield b",\n" if number else b"\n"
        yield data_of(_records_of(frame))[: -len(_BETWEEN)]
    yield b"\n]\n" if len(rows) else b"]\n"


def _records_of(rows: pd.DataFrame) -> pa.Array:
    """Records as JSON, each with `_BETWEEN` after it."""
    texts = {name: json_column(rows[name]) for name in ("request_id", "input_text", "task", "label")}
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
        b'}, "suggestions": {' + json_key(_QUESTION) + b' {"value": ',
        texts["label"],
        b', "score": null, "agent": ',
        about["model_name"],
        b', "type": "model"}}}' + _BETWEEN,
    )


def _settings(task: Task | None, rows: RowTable) -> dict[str, Any]:
    """Arguments of Argilla's `Settings`: a label question if the labels are known, otherwise a text question."""
    labels = list(task.label_names) if task is not None else []
    question = {"type": "label", "labels": labels} if labels else {"type": "text"}
    return {
        "fields": [{"name": "text", "type": "text"}, {"name": "task", "type": "text"}],
        "questions": [{"name": _QUESTION, **question}],
        "metadata": [{"name": name, "type": "terms"} for name in _metadata_of(rows)],
    }
