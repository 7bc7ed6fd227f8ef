"""Hugging Face dataset folder: configs of all tasks, and a config of each task whose labels are a ClassLabel."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from synthetic_textcat.pipelines.export.formats import batch_order, label_numbers, text_label, triplets
from synthetic_textcat.schemas.parameters import ExportParameters
from synthetic_textcat.schemas.publications import CARD, Part, parts
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT
from synthetic_textcat.schemas.tasks import Task

_METADATA = b"huggingface"
"""Key of a Parquet schema under which `datasets` looks for features."""


def huggingface_files(
    examples: pd.DataFrame, splits: pd.Series, tasks: Sequence[Task], card: str, settings: ExportParameters
) -> dict[str, Callable[[], Any]]:
    """Files of the dataset folder by name; each table is made when it is written.

    Args:
        examples: All exported rows.
        splits: Split of each row, missing if it is in none.
        tasks: Their label sets.
        card: README.md.
        settings: Export parameters.

    Raises:
        StaleTableError: If a task has a row with a label that its label set lacks.
    """
    names = {task.task_id: task.label_names for task in tasks}
    places = examples.groupby(["task_id", splits.rename("split")], sort=False).indices
    files: dict[str, Callable[[], Any]] = {CARD: lambda: card}
    for part in parts(examples["task_id"], splits):
        if part.task_id is None:
            files[part.path] = partial(_view, part, examples, splits, settings)
        else:
            own = np.asarray(places[part.task_id, part.split])
            labels, label_set = examples["label"].iloc[own], names.get(part.task_id, ())
            column = label_numbers(labels, label_set) if label_set else labels
            files[part.path] = partial(_task_table, examples, own, column, label_set)
    return files


def _view(part: Part, examples: pd.DataFrame, splits: pd.Series, settings: ExportParameters) -> pd.DataFrame:
    rows = examples[(splits == part.split).to_numpy()].reset_index(drop=True)
    if part.config == "triplet":
        order = batch_order(rows, settings.distinct_label_batches)
        return triplets(rows.iloc[order].reset_index(drop=True), settings.instruction)
    if part.config == "text-label":
        return text_label(rows).assign(task=rows["task"], task_id=rows["task_id"])
    return rows


def _task_table(
    examples: pd.DataFrame, places: NDArray[np.intp], labels: NDArray[np.int64] | pd.Series, names: Sequence[str]
) -> pa.Table:
    """Table of one task: `text`, `label` (a number into the label set; a text if it is open), by choice agreement."""
    texts = examples["input_text"].iloc[places]
    columns = {"text": pa.array(texts.tolist(), pa.string()), "label": pa.array(labels.tolist())}
    if LABEL_AGREEMENT in examples:
        columns[LABEL_AGREEMENT] = pa.array(examples[LABEL_AGREEMENT].iloc[places], pa.bool_())
    info = {"info": {"features": _features(names, columns)}}
    return pa.table(columns).replace_schema_metadata({_METADATA: json.dumps(info)})


def _features(names: Sequence[str], columns: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """Features as `datasets` stores them in a Parquet schema; the card declares the same."""
    text = {"dtype": "string", "_type": "Value"}
    features = {
        "text": text,
        "label": {"names": list(names), "_type": "ClassLabel"} if names else text,
        LABEL_AGREEMENT: {"dtype": "bool", "_type": "Value"},
    }
    return {name: features[name] for name in columns}
