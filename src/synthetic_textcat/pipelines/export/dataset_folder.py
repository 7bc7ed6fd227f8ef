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
    label_numbers,
    text_label,
    text_label_columns,
    triplet_rows,
    triplets,
)
from synthetic_textcat.pipelines.export.label_set_views import has_label_sets, hot
from synthetic_textcat.pipelines.export.splits import Codes, rows_of_parts
from synthetic_textcat.schemas.label_sets import LABELS, LabelSet
from synthetic_textcat.schemas.parameters import ExportParameters
from synthetic_textcat.schemas.publications import CARD, SPLITS, Part, parts
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowGroups, RowTable, filtered, mapped, permuted

MULTI_HOT = "multi_hot"
"""Column of a task with several labels a text: a list of 0 and 1, one for each label of the set."""

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
    known = as_task_table(tasks).by_id
    several = any(has_label_sets(own, known.get(task_id)) for task_id, own in by_task.items())
    found = {name: by_task.factorized(name) for name in ("label", *([LABELS] if several else []))}
    numbers = {task_id: number for number, task_id in enumerate(by_task.values)}
    in_order = splits[by_task.order]
    of_split = _by_split(examples, splits, parent)
    files: dict[str, Any] = {CARD: card}
    for part in parts(rows_of_parts(by_task, splits)):
        if part.task_id is None:
            files[part.path] = partial(_view, part, of_split[part.split], settings, several=several)
        else:
            number, task = numbers[part.task_id], known.get(part.task_id)
            own, (first, end) = by_task.of(number), by_task.bounds(number)
            mask = in_order[first:end] == SPLITS.index(part.split)
            of_sets = several and has_label_sets(own, task)
            column = LABELS if of_sets else "label"
            codes, values = found[column]
            names = task.label_names if task else ()
            if names:
                _check_known([values[code] for code in np.unique(codes[first:end][mask])], names)
            rows = filtered(own, mask, text_label_columns(own, column))
            files[part.path] = partial(_task_table, rows, names, of_sets=of_sets)
    return files


def _check_known(values: Sequence[str | LabelSet], names: Sequence[str]) -> None:
    labels = [label for value in values for label in ((value,) if isinstance(value, str) else value)]
    label_numbers(pd.Series(labels, dtype="str"), names)


def _by_split(examples: RowTable, splits: Codes, parent: Path | None) -> dict[str, RowTable]:
    """The rows of each split, in temporary files: three configs read each."""
    order = np.argsort(splits, kind="stable")
    ends = np.cumsum(np.bincount(splits + 1, minlength=len(SPLITS) + 1)).tolist()
    rows = permuted(examples, order, parent)
    return {name: rows.range(ends[code], ends[code + 1]) for code, name in enumerate(SPLITS)}


def _view(part: Part, rows: RowTable, settings: ExportParameters, *, several: bool) -> RowTable:
    if part.config == "triplet":
        ordered = triplet_rows(rows, settings.distinct_label_batches, several=several)
        return mapped(ordered, partial(triplets, instruction=settings.instruction), TRIPLET_COLUMNS)
    if part.config == "text-label":
        further = ["task", "task_id", *([LABELS] if several else [])]
        return mapped(rows, partial(_with, further), text_label_columns(rows, *further))
    return rows


def _with(further: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
    return text_label(rows).assign(**{name: rows[name] for name in further})


def _task_table(rows: RowTable, names: Sequence[str], *, of_sets: bool) -> pa.RecordBatchReader:
    """Table of one task: `text`; `label`, or of label sets `labels` and `multi_hot`; by choice agreement.

    Labels are numbers into the label set; texts if it is open.
    """
    label = pa.int64() if names else pa.string()
    columns = {"text": pa.string(), **({LABELS: pa.list_(label)} if of_sets else {"label": label})}
    if of_sets and names:
        columns[MULTI_HOT] = pa.list_(pa.int64())
    if LABEL_AGREEMENT in rows:
        columns[LABEL_AGREEMENT] = pa.bool_()
    info = {"info": {"features": _features(names, columns)}}
    schema = pa.schema(columns, metadata={_METADATA: json.dumps(info).encode()})
    return pa.RecordBatchReader.from_batches(schema, (_batch(frame, names, schema) for frame in rows.frames()))


def _batch(rows: pd.DataFrame, names: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
    columns: dict[str, Any] = {"text": rows["input_text"]}
    if LABELS in schema.names:
        places = {name: place for place, name in enumerate(names)}
        columns[LABELS] = [[places[label] for label in labels] if names else labels for labels in rows[LABELS]]
        columns[MULTI_HOT] = hot(rows, names).tolist() if names else []
    else:
        columns["label"] = label_numbers(rows["label"], names) if names else rows["label"]
    columns |= {name: rows[name] for name in schema.names if name == LABEL_AGREEMENT}
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _features(names: Sequence[str], columns: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """Features as `datasets` stores them in a Parquet schema; the card declares the same.

    A list is a `Sequence`, as versions of `datasets` before 4 call it, which later ones read too.
    """
    text = {"dtype": "string", "_type": "Value"}
    label = {"names": list(names), "_type": "ClassLabel"} if names else text
    number = {"dtype": "int64", "_type": "Value"}
    features = {
        "text": text,
        "label": label,
        LABELS: {"feature": label, "_type": "Sequence"},
        MULTI_HOT: {"feature": number, "length": len(names), "_type": "Sequence"},
        LABEL_AGREEMENT: {"dtype": "bool", "_type": "Value"},
    }
    return {name: features[name] for name in columns}
