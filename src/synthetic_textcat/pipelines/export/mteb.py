"""Each closed task as a classification task of MTEB: a train and a test file, and what its metadata needs."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.export.formats import text_label
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.tasks import Task

_TRIED = "test"
_SPLITS = ("train", _TRIED)


def mteb_files(examples: pd.DataFrame, splits: pd.Series, tasks: Sequence[Task]) -> dict[str, Callable[[], Any]]:
    """`<task_id>/train.jsonl`, `<task_id>/test.jsonl` and `<task_id>/metadata.json`.

    Tasks without a label set, and those without rows in one of the splits, have none: there is nothing to score.
    """
    files: dict[str, Callable[[], Any]] = {}
    places = examples.groupby("task_id", sort=True).indices
    for task in tasks:
        own = np.asarray(places.get(task.task_id, ()), dtype=np.intp)
        of_split = {split: own[(splits.iloc[own] == split).to_numpy()] for split in _SPLITS}
        if not task.labels or not all(map(len, of_split.values())):
            continue
        for split, rows in of_split.items():
            files[f"{task.task_id}/{split}.jsonl"] = partial(_rows, examples, rows)
        languages = sorted(examples["language"].iloc[of_split[_TRIED]].unique())
        files[f"{task.task_id}/metadata.json"] = partial(_metadata, task, languages)
    return files


def _rows(examples: pd.DataFrame, places: NDArray[np.intp]) -> pd.DataFrame:
    return text_label(examples.iloc[places])


def _metadata(task: Task, languages: Sequence[str]) -> dict[str, Any]:
    """The fields of MTEB's `TaskMetadata` that the run knows.

    `eval_langs` has the languages of the rows that are tried, each as ISO 639-3 and ISO 15924 code: `eng-Latn`.
    """
    found = [find_language(name) for name in languages]
    return {
        "name": f"Synthetic{task.task_id}",
        "description": task.task,
        "prompt": task.task,
        "type": "Classification",
        "category": "t2c",
        "modalities": ["text"],
        "eval_splits": [_TRIED],
        "eval_langs": sorted({f"{language.iso639_3}-{language.script}" for language in found}),
        "main_score": "accuracy",
        "annotations_creators": "LM-generated",
        "sample_creation": "created",
        "label_names": list(task.label_names),
    }
