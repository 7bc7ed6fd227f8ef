"""Records that Argilla takes, so that people can look over what the model wrote."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of, records_of
from synthetic_textcat.schemas.tasks import Task

_QUESTION = "label"


def argilla_files(examples: pd.DataFrame, tasks: Sequence[Task]) -> dict[str, Callable[[], Any]]:
    """`<task_id>.records.json`, a list of records, and `<task_id>.settings.json`, what their dataset has to be like.

    A dataset of Argilla has one set of labels, so each task has one of its own. The records have the form that
    `Dataset.records.from_json` of Argilla 2.8 reads.
    """
    known = {task.task_id: task for task in tasks}
    files: dict[str, Callable[[], Any]] = {}
    for name, places in examples.groupby("task_id", sort=True).indices.items():
        task_id = str(name)
        metadata = [*ATTRIBUTES, *own_of(examples), "model_name"]
        files[f"{task_id}.records.json"] = partial(_records, examples, np.asarray(places), metadata)
        files[f"{task_id}.settings.json"] = partial(_settings, known.get(task_id), metadata)
    return files


def _records(examples: pd.DataFrame, places: NDArray[np.intp], metadata: Sequence[str]) -> list[dict[str, Any]]:
    return list(_each(examples.iloc[places], metadata))


def _each(rows: pd.DataFrame, metadata: Sequence[str]) -> Iterator[dict[str, Any]]:
    for row in records_of(rows):
        suggestion = {"value": row["label"], "score": None, "agent": row["model_name"], "type": "model"}
        yield {
            "id": row["request_id"],
            "fields": {"text": row["input_text"], "task": row["task"]},
            "metadata": {name: row[name] for name in metadata if row[name] is not None},
            "suggestions": {_QUESTION: suggestion},
        }


def _settings(task: Task | None, metadata: Sequence[str]) -> dict[str, Any]:
    """As arguments of Argilla's `Settings`: a label question where the labels are known, else a text question."""
    labels = list(task.label_names) if task is not None else []
    question = {"type": "label", "labels": labels} if labels else {"type": "text"}
    return {
        "fields": [{"name": "text", "type": "text"}, {"name": "task", "type": "text"}],
        "questions": [{"name": _QUESTION, **question}],
        "metadata": [{"name": name, "type": "terms"} for name in metadata],
    }
