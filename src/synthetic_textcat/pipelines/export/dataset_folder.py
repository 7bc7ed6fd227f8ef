"""Hugging Face dataset folder: configs of all tasks, and a config of each task whose labels are a ClassLabel."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_textcat.pipelines.export.formats import (
    TRIPLET_COLUMNS,
    in_batch_order,
    label_numbers,
    text_label,
    text_label_columns,
    triplets,
)
from synthetic_textcat.pipelines.export.splits import Codes, rows_of_parts
from synthetic_textcat.schemas.parameters import ExportParameters
from synthetic_textcat.schemas.publications import CARD, SPLITS, Part, parts
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowGroups, RowTable, filtered, mapped, permuted

_METADATA = b"huggingface"
"""Key of a Parquet schema under which `datasets` looks for features."""


def huggingface_files(
    examples: RowTable,
    by_task: RowGroups,
    splits: Codes,
    tasks: Sequence[Task],
    card: str,
    settings: ExportParameters,
    parent: Path | None = None,
) -> dict[str, Any]:
    """Files of the dataset folder by name; each table is made when it is written.

    Args:
        examples: All exported rows.
        by_task: The same by task.
        splits: Split of each row of `examples`.
        tasks: Their label sets.
        card: README.md.
        settings: Export parameters.
        parent: Folder for temporary files.

    Raises:
        StaleTableError: If a task has a row with a label that its label set lacks.
    """
    names = {task.task_id: task.label_names for task in tasks}
    numbers = {task_id: number for number, task_id in enumerate(by_task.values)}
    labels, label_of = by_task.factorized("label")
    in_order = splits[by_task.order]
    of_split = _by_split(examples, splits, parent)
    files: dict[str, Any] = {CARD: card}
    for part in parts(rows_of_parts(by_task, splits)):
        if part.task_id is None:
            files[part.path] = partial(_view, part, of_split[part.split], settings)
        else:
            number = numbers[part.task_id]
            first, end = by_task.bounds(number)
            mask, label_set = in_order[first:end] == SPLITS.index(part.split), names.get(part.task_id, ())
            if label_set:
                label_numbers(pd.Series([label_of[code] for code in np.unique(labels[first:end][mask])]), label_set)
            own = filtered(by_task.of(number), mask, text_label_columns(by_task.rows))
            files[part.path] = partial(_task_table, own, label_set)
    return files


def _by_split(examples: RowTable, splits: Codes, parent: Path | None) -> dict[str, RowTable]:
    """The rows of each split, in temporary files: three configs read each."""
    order = np.argsort(splits, kind="stable")
    ends = np.cumsum(np.bincount(splits + 1, minlength=len(SPLITS) + 1)).tolist()
    rows = permuted(examples, order, parent)
    return {name: rows.range(ends[code], ends[code + 1]) for code, name in enumerate(SPLITS)}


def _view(part: Part, rows: RowTable, settings: ExportParameters) -> RowTable:
    if part.config == "triplet":
        ordered = in_batch_order(rows, settings.distinct_label_batches)
        return mapped(ordered, partial(triplets, instruction=settings.instruction), TRIPLET_COLUMNS)
    if part.config == "text-label":
        columns = text_label_columns(rows, "task", "task_id")
        return mapped(rows, _with_task, columns)
    return rows


def _with_task(rows: pd.DataFrame) -> pd.DataFrame:
    return text_label(rows).assign(task=rows["task"], task_id=rows["task_id"])


def _task_table(rows: RowTable, names: Sequence[str]) -> pa.RecordBatchReader:
    """Table of one task: `text`, `label` (a number into the label set; a text if it is open), by choice agreement."""
    columns = {"text": pa.string(), "label": pa.int64() if names else pa.string()}
    if LABEL_AGREEMENT in rows:
        columns[LABEL_AGREEMENT] = pa.bool_()
    info = {"info": {"features": _features(names, columns)}}
    schema = pa.schema(columns, metadata={_METADATA: json.dumps(info).encode()})
    return pa.RecordBatchReader.from_batches(schema, (_batch(frame, names, schema) for frame in rows.frames()))


def _batch(rows: pd.DataFrame, names: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
    labels = label_numbers(rows["label"], names) if names else rows["label"]
    own = {name: rows[name] for name in schema.names if name == LABEL_AGREEMENT}
    columns = {"text": rows["input_text"], "label": labels, **own}
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _features(names: Sequence[str], columns: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """Features as `datasets` stores them in a Parquet schema; the card declares the same."""
    text = {"dtype": "string", "_type": "Value"}
    features = {
        "text": text,
        "label": {"names": list(names), "_type": "ClassLabel"} if names else text,
        LABEL_AGREEMENT: {"dtype": "bool", "_type": "Value"},
    }
    return {name: features[name] for name in columns}
