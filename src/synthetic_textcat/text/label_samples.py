"""Labelled samples for learning: tasks with enough rows, their labels as codes, and cross-validation folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw
from synthetic_textcat.text.unicode import normalised

MOST_LABELS = 50
MOST_ROWS = 2_000
MOST_ROWS_IN_ALL = 20_000
_LEAST_SHARE = 200  # rows of a task that are looked at, if it has them, however many tasks there are

FEWEST_ROWS = 50
"""Below it a score of held-out rows moves by tenths with the luck of the rows."""

FEWEST_OF_A_LABEL = 5
"""One row for each of the `FOLDS`, so that each fold both learns and holds out the label."""

TOO_FEW = f"not computable: under {FEWEST_ROWS} rows in 2 labels of {FEWEST_OF_A_LABEL} rows"
ENOUGH_OTHERS = "left out: other tasks have rows enough"
Codes = NDArray[np.int64]

FOLDS = 5


@dataclass(frozen=True)
class TaskSample:
    """The rows of a task that are looked at, in the order of their draws.

    Attributes:
        task_id, task: Whose rows.
        rows: How many are accepted, looked at or not.
        request_ids, texts: Of the rows.
        labels: Of the rows, as numbers.
        names: Of the labels.
    """

    task_id: str
    task: str
    rows: int
    request_ids: Sequence[str]
    texts: Sequence[str]
    labels: Codes
    names: Sequence[str]

    @property
    def folds(self) -> Codes:
        """In which fold each row is held out."""
        return folds_of(self.labels)


class Samples(NamedTuple):
    """The samples, and the tasks without: task, rows, labels, note."""

    samples: list[TaskSample]
    without: pd.DataFrame


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


def task_samples(rows: LabelRows, examples: pd.DataFrame, seed: int, in_all: int = MOST_ROWS_IN_ALL) -> Samples:
    """At most `MOST_ROWS` of each task that has enough, and so many `in_all`; tasks and rows are drawn by hash.

    Of a task count the rows with its `MOST_LABELS` most frequent labels, where a label has `FEWEST_OF_A_LABEL` rows.
    """
    common = _common(rows.counts)
    counted = common.groupby("task")["rows"].agg(["sum", "size"])
    enough = counted[(counted["sum"] >= FEWEST_ROWS) & (counted["size"] >= 2)]["sum"]
    share = int(np.clip(in_all // max(len(enough), 1), _LEAST_SHARE, MOST_ROWS))
    taken = _taken(enough, share, in_all, rows.task_ids, seed)
    places = _places(rows, common, taken)
    drawn = np.array([draw(seed, "learnt rows", row) for row in examples["request_id"].to_numpy()[places]])
    places = places[np.lexsort((drawn, rows.task[places]))]
    samples = [_sample(rows, examples, own) for own in _shares(rows.task[places], places, share)]
    kept = [sample for sample in samples if sample is not None]
    return Samples(kept, _without(rows, enough, {sample.task_id for sample in kept}))


def _common(counts: pd.DataFrame) -> pd.DataFrame:
    """The labels that count."""
    often = counts[counts["rows"] >= FEWEST_OF_A_LABEL]
    often = often.sort_values(["task", "rows"], ascending=[True, False], kind="stable")
    return often[often.groupby("task").cumcount() < MOST_LABELS]


def _taken(enough: pd.Series, share: int, in_all: int, task_ids: Sequence[str], seed: int) -> Codes:
    """The tasks that are looked at: in the order of their draws, until there are rows enough."""
    drawn = enough.iloc[np.argsort([draw(seed, "learnt tasks", task_ids[task]) for task in enough.index])]
    before = drawn.clip(upper=share).cumsum()
    return drawn.index[before <= in_all].to_numpy()


def _places(rows: LabelRows, common: pd.DataFrame, taken: Codes) -> Codes:
    """Where the rows are that may be drawn."""
    common = common[common["task"].isin(taken)]
    pairs = rows.pair(common["task"].to_numpy(), common["label"].to_numpy())
    return np.flatnonzero(np.isin(rows.pair(rows.task, rows.label), pairs))


def _shares(tasks: Codes, places: Codes, share: int) -> list[Codes]:
    starts = np.flatnonzero(np.diff(tasks, prepend=-1))
    return [own[:share] for own in np.split(places, starts[1:])] if len(places) else []


def _sample(rows: LabelRows, examples: pd.DataFrame, places: Codes) -> TaskSample | None:
    """The rows whose labels are frequent enough among those drawn; None if too few stay."""
    places = places[_frequent(rows.label[places])]
    labels, codes = np.unique(rows.label[places], return_inverse=True)
    if len(places) < FEWEST_ROWS or len(labels) < 2:
        return None
    task = rows.task[places[0]]
    drawn = examples.iloc[places]
    return TaskSample(
        task_id=rows.task_ids[task],
        task=rows.tasks[task],
        rows=int((rows.task == task).sum()),
        request_ids=drawn["request_id"].tolist(),
        texts=drawn["input_text"].tolist(),
        labels=codes.astype(np.int64),
        names=[rows.names[label] for label in labels],
    )


def _frequent(labels: Codes) -> NDArray[np.bool_]:
    return np.bincount(labels)[labels] >= FEWEST_OF_A_LABEL


def _without(rows: LabelRows, enough: pd.Series, kept: set[str]) -> pd.DataFrame:
    """The tasks that are not looked at, those with the most rows first."""
    of_task = rows.counts.groupby("task")["rows"]
    tasks = pd.DataFrame({"task": rows.tasks, "rows": of_task.sum(), "labels": of_task.size()})
    tasks["note"] = np.where(tasks.index.isin(enough.index), ENOUGH_OTHERS, TOO_FEW)
    others = tasks[~np.isin(np.array(rows.task_ids, dtype=object), list(kept))]
    return others.sort_values(by="rows", ascending=False, kind="stable")


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


def folds_of(labels: Codes) -> Codes:
    """In which of the `FOLDS` folds each row is held out; each label is spread evenly over them, in the rows' order."""
    order = np.argsort(labels, kind="stable")
    folds = np.empty(len(order), dtype=np.int64)
    folds[order] = np.arange(len(order)) % FOLDS
    return folds
