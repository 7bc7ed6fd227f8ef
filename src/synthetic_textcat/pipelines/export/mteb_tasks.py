"""MTEB tasks: texts with numbered labels of each closed task, its metadata, and how to run it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.export.formats import label_numbers
from synthetic_textcat.pipelines.export.splits import Codes
from synthetic_textcat.schemas.label_sets import LABELS, LabelSet
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowGroups, filtered, mapped

_TRAIN, _TEST = "train", "test"
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
_OF_SEVERAL = """
A folder whose `metadata.json` has the type `MultilabelClassification` has several labels a text, or none: `label` is a
list of numbers, and `label_text` a list of names. Its code differs in the class only:

```python
{code}```

MTEB samples training rows by label, so it never trains on rows of no label; it tests on them.
"""
_SEVERAL = _OF_SEVERAL.format(
    code=_README.partition("```python\n")[2].partition("```")[0].replace("AbsTask", "AbsTaskMultilabel")
)
_FEWEST_TRAINED = 5
"""MTEB's classifier for several labels compares a text with this many training rows, and fails if there are fewer."""


def mteb_files(examples: RowGroups, splits: Codes, tasks: Sequence[Task]) -> dict[str, Any]:
    """MTEB files by name: `<task_id>/train.jsonl`, `test.jsonl`, `metadata.json`, `labels.json`, and a README.

    Args:
        examples: The exported rows by task.
        splits: Split of each row, in the order of `examples.rows`.
        tasks: Their label sets.

    Tasks without a label set, without test rows, or with fewer than two labels in the train split have no files: there
    is nothing to score. With several labels a text, MTEB also needs two labels in the test split, and training rows.

    Raises:
        StaleTableError: If a task has a row with a label that its label set lacks.
    """
    files: dict[str, Any] = {"README.md": _README}
    languages, language_of = examples.factorized("language")
    of_sets = {*as_task_table(tasks).with_several_labels.ids}
    labels = {name: examples.factorized(name) for name in ("label", *([LABELS] if of_sets else []))}
    numbers = {task_id: number for number, task_id in enumerate(examples.values)}
    for task in tasks:
        if task.task_id not in numbers or not task.labels:
            continue
        rows, (first, end) = examples.of(numbers[task.task_id]), examples.bounds(numbers[task.task_id])
        masks = {split: splits[first:end] == SPLITS.index(split) for split in (_TRAIN, _TEST)}
        codes, values = labels[LABELS if task.task_id in of_sets else "label"]
        trained, tested = (_counts(codes[first:end][mask], values) for mask in masks.values())
        scored = (_label_sets if task.task_id in of_sets else _labels)(task, trained, tested)
        if scored is None:
            continue
        for split, mask in masks.items():
            files[f"{task.task_id}/{split}.jsonl"] = mapped(filtered(rows, mask, scored.columns), scored.rows)
        tested_in = sorted(_counts(languages[first:end][masks[_TEST]], language_of))
        files[f"{task.task_id}/metadata.json"] = partial(_metadata, task, tested_in)
        files[f"{task.task_id}/labels.json"] = partial(dict, task_id=task.task_id, label_names=scored.names)
        if task.task_id in of_sets:
            files["README.md"] = _README + _SEVERAL
    return files


def _counts(codes: NDArray[np.int32], values: Sequence[Any]) -> dict[Any, int]:
    """Number of rows with each value, in order of appearance in the table."""
    distinct, rows = np.unique(codes, return_counts=True)
    return dict(zip((values[code] for code in distinct.tolist()), rows.tolist(), strict=True))


class _Scored(NamedTuple):
    """Form of a task's rows in the files.

    Attributes:
        names: Names of the labels, in the order of their numbers.
        columns: Columns of the examples that are needed.
        rows: Function of these.
    """

    names: list[str]
    columns: Sequence[str]
    rows: Callable[[pd.DataFrame], pd.DataFrame]


def _labels(task: Task, trained: Mapping[str, int], tested: Mapping[str, int]) -> _Scored | None:
    """Rows with one label; None if there is nothing to score."""
    if not tested or len(trained) < 2:
        return None
    names = [name for has_test in (True, False) for name in task.label_names if (name in tested) is has_test]
    label_numbers(pd.Series([*trained, *tested]), names)
    return _Scored(names, ("input_text", "label"), partial(_rows, names=names))


def _label_sets(task: Task, trained: Mapping[LabelSet, int], tested: Mapping[LabelSet, int]) -> _Scored | None:
    """Rows with several labels; None if there is nothing to score, or MTEB would fail."""
    known = [list(dict.fromkeys(label for labels in sets for label in labels)) for sets in (trained, tested)]
    labelled = sum(rows for labels, rows in trained.items() if labels)
    if min(map(len, known)) < 2 or labelled < _FEWEST_TRAINED:
        return None
    names = list(task.label_names)
    label_numbers(pd.Series(known[0] + known[1]), names)
    return _Scored(names, ("input_text", LABELS), partial(_rows_of_sets, names=names))


def _rows(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    numbers = label_numbers(rows["label"], names)
    return pd.DataFrame({"text": rows["input_text"], "label": numbers, "label_text": rows["label"]})


def _rows_of_sets(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    places = {name: place for place, name in enumerate(names)}
    sets = rows[LABELS].tolist()
    numbers, texts = [[places[label] for label in labels] for labels in sets], [list(labels) for labels in sets]
    return pd.DataFrame({"text": rows["input_text"], "label": numbers, "label_text": texts}, index=rows.index)


def _metadata(task: Task, languages: Sequence[str]) -> dict[str, Any]:
    """Fields of MTEB's `TaskMetadata` that are known from the run.

    `eval_langs` has the languages of the test rows as ISO 639-3 and ISO 15924 codes: `eng-Latn`.
    """
    found = [find_language(name) for name in languages]
    return {
        "name": f"Synthetic{task.task_id}",
        "description": task.task,
        "prompt": task.task,
        "type": "MultilabelClassification" if task.task_type == "multi_label" else "Classification",
        "category": "t2c",
        "modalities": ["text"],
        "eval_splits": [_TEST],
        "eval_langs": sorted({f"{language.iso639_3}-{language.script}" for language in found}),
        "main_score": "f1" if task.task_type == "multi_label" else "accuracy",  # MTEB's accuracy is that of whole sets
        "annotations_creators": "LM-generated",
        "sample_creation": "created",
    }
