"""MTEB tasks: texts with numbered labels of each closed task, its metadata, and how to run it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.export.formats import label_numbers
from synthetic_textcat.pipelines.export.splits import Codes
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowGroups, filtered, mapped

_TRAIN, _TEST = "train", "test"
_COLUMNS = ("input_text", "label")
_README = """# Classification tasks for MTEB

Each folder is one task, named by its `task_id`:

- `train.jsonl`, `test.jsonl`: `text`, `label` (a number) and `label_text` (its name).
- `metadata.json`: fields of `mteb.TaskMetadata`.
- `labels.json`: `label_names`, in the order of the numbers.

MTEB scores labels as numbers, and a test with two labels only if these are 0 and 1. So the labels of the test rows come
first, in the order of the tasks file, and then the labels that have no test rows.

```python
import json
from pathlib import Path

import mteb
from datasets import Dataset, DatasetDict
from mteb.abstasks import AbsTaskClassification

folder = Path("data/05_model_input/export/mteb/<task_id>")
fields = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))


def rows(split):  # not load_dataset("json"), which takes texts that are all dates for dates
    with (folder / f"{split}.jsonl").open(encoding="utf-8", newline="\\n") as lines:
        return Dataset.from_list([json.loads(line) for line in lines])


class Task(AbsTaskClassification):
    metadata = mteb.TaskMetadata(**fields, dataset={"path": str(folder), "revision": "1"})

    def load_data(self, **_):
        self.dataset = DatasetDict({split: rows(split) for split in ("train", "test")})
        self.data_loaded = True


results = mteb.evaluate(model, Task(), cache=None)  # your model; the cache knows a task by its name only
```
"""


def mteb_files(examples: RowGroups, splits: Codes, tasks: Sequence[Task]) -> dict[str, Any]:
    """MTEB files by name: `<task_id>/train.jsonl`, `test.jsonl`, `metadata.json`, `labels.json`, and a README.

    Args:
        examples: The exported rows by task.
        splits: Split of each row, in the order of `examples.rows`.
        tasks: Their label sets.

    Tasks without a label set, without test rows, or with fewer than two labels in the train split have no files: there
    is nothing to score.

    Raises:
        StaleTableError: If a task has a row with a label that its label set lacks.
    """
    files: dict[str, Any] = {"README.md": _README}
    (labels, label_of), (languages, language_of) = (examples.factorized(name) for name in ("label", "language"))
    numbers = {task_id: number for number, task_id in enumerate(examples.values)}
    for task in tasks:
        if task.task_id not in numbers or not task.labels:
            continue
        rows, (first, end) = examples.of(numbers[task.task_id]), examples.bounds(numbers[task.task_id])
        masks = {split: splits[first:end] == SPLITS.index(split) for split in (_TRAIN, _TEST)}
        trained, tested = (_values(labels[first:end][mask], label_of) for mask in masks.values())
        if not tested or len(trained) < 2:
            continue
        names = [name for has_test in (True, False) for name in task.label_names if (name in tested) is has_test]
        label_numbers(pd.Series([*trained, *tested]), names)
        for split, mask in masks.items():
            files[f"{task.task_id}/{split}.jsonl"] = mapped(filtered(rows, mask, _COLUMNS), partial(_rows, names=names))
        tested_in = sorted(_values(languages[first:end][masks[_TEST]], language_of))
        files[f"{task.task_id}/metadata.json"] = partial(_metadata, task, tested_in)
        files[f"{task.task_id}/labels.json"] = partial(dict, task_id=task.task_id, label_names=names)
    return files


def _values(codes: NDArray[np.int32], values: Sequence[str]) -> list[str]:
    """The distinct values of some rows, in order of appearance in the table."""
    return [values[code] for code in np.unique(codes).tolist()]


def _rows(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    numbers = label_numbers(rows["label"], names)
    return pd.DataFrame({"text": rows["input_text"], "label": numbers, "label_text": rows["label"]})


def _metadata(task: Task, languages: Sequence[str]) -> dict[str, Any]:
    """Fields of MTEB's `TaskMetadata` that are known from the run.

    `eval_langs` has the languages of the test rows as ISO 639-3 and ISO 15924 codes: `eng-Latn`.
    """
    found = [find_language(name) for name in languages]
    return {
        "name": f"Synthetic{task.task_id}",
        "description": task.task,
        "prompt": task.task,
        "type": "Classification",
        "category": "t2c",
        "modalities": ["text"],
        "eval_splits": [_TEST],
        "eval_langs": sorted({f"{language.iso639_3}-{language.script}" for language in found}),
        "main_score": "accuracy",
        "annotations_creators": "LM-generated",
        "sample_creation": "created",
    }
