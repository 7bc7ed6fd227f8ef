"""The labels of the accepted rows as numbers, so that a million of them are counted in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from synthetic_textcat.text.folds import Codes
from synthetic_textcat.text.unicode import normalised


@dataclass(frozen=True)
class LabelRows:
    """Tasks and labels of the accepted rows, in plan order. Labels that are equal after normalising are one.

    Attributes:
        task: The number of each row's task.
        label, misleading: The numbers of its labels.
        spelling: The number of its label as the model wrote it.
        task_ids, tasks: Id and sentence of each task.
        names: Each label as it was spelt first.
        keys: Each label, normalised.
        spellings: Each label as it was written.
    """

    task: Codes
    label: Codes
    misleading: Codes
    spelling: Codes
    task_ids: Sequence[str]
    tasks: Sequence[str]
    names: Sequence[str]
    keys: Sequence[str]
    spellings: Sequence[str]

    @cached_property
    def counts(self) -> pd.DataFrame:
        """One row for each label that a task has: task, label (both as numbers), rows."""
        pairs, rows = np.unique(self.pair(self.task, self.label), return_counts=True)
        task, label = np.divmod(pairs, max(len(self.names), 1))
        return pd.DataFrame({"task": task, "label": label, "rows": rows})

    def pair(self, task: Codes, label: Codes) -> Codes:
        """One number for a label of a task."""
        return task * len(self.names) + label


def label_rows(examples: pd.DataFrame) -> LabelRows:
    """The accepted rows' tasks and labels as numbers."""
    task, task_ids = pd.factorize(examples["task_id"])
    both, written = pd.factorize(pd.concat([examples["label"], examples["misleading_label"]]))
    spellings = written.tolist()
    label_of, keys = pd.factorize(np.array([normalised(label) for label in spellings], dtype=object))
    label, misleading = np.split(label_of[both], 2)
    return LabelRows(
        task=task.astype(np.int64),
        label=label.astype(np.int64),
        misleading=misleading.astype(np.int64),
        spelling=both[: len(examples)].astype(np.int64),
        task_ids=list(task_ids),
        tasks=examples["task"].iloc[_first_places(task, len(task_ids))].tolist(),
        names=[spellings[place] for place in _first_places(label_of, len(keys))],
        keys=keys.tolist(),
        spellings=spellings,
    )


def _first_places(codes: Codes, numbers: int) -> Codes:
    """Where each number occurs first."""
    first = np.zeros(numbers, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first
