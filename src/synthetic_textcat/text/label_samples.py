"""Labelled samples for linear models: tasks with enough rows, labels as integer codes, cross-validation folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw
from synthetic_textcat.text.comparison import comparable

MOST_LABELS = 50
MOST_ROWS = 2_000
MOST_ROWS_IN_ALL = 20_000
_LEAST_SHARE = 200  # least number of rows sampled from a task that has as many

FEWEST_ROWS = 50
"""With fewer rows a held-out score varies by tenths between samples."""

FEWEST_OF_A_LABEL = 5
"""One row for each of the `FOLDS`, so that the label is in the training and the test part of each fold."""

TOO_FEW = f"not computable: under {FEWEST_ROWS} rows in 2 labels of {FEWEST_OF_A_LABEL} rows"
ENOUGH_OTHERS = "left out: other tasks have rows enough"
Codes = NDArray[np.int64]

FOLDS = 5


@dataclass(frozen=True)
class TaskSample:
    """Sampled rows of a task, in random order.

    Attributes:
        task_id, task: Id and sentence of the task.
        rows: Number of accepted rows, sampled or not.
        request_ids, texts: Ids and texts of the sampled rows.
        labels: Label codes of the sampled rows.
        names: Names of the labels.
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
        """The fold in which each row is held out."""
        return folds_of(self.labels)


class Samples(NamedTuple):
    """The samples, and a table of the tasks without a sample: task, rows, labels, note."""

    samples: list[TaskSample]
    without: pd.DataFrame


@dataclass(frozen=True)
class LabelRows:
    """Tasks and labels of the accepted rows as integer codes, in plan order; labels by their comparison form.

    Attributes:
        task: Task code of each row.
        label, misleading: Label codes of each row.
        spelling: Code of the label as the model wrote it.
        task_ids, tasks: Id and sentence of each task.
        names: First spelling of each label.
        keys: Comparison form of each label.
        spellings: All spellings of labels.
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
        """One row for each label of a task: task, label (both as codes), rows."""
        pairs, rows = np.unique(self.pair(self.task, self.label), return_counts=True)
        task, label = np.divmod(pairs, max(len(self.names), 1))
        return pd.DataFrame({"task": task, "label": label, "rows": rows})

    def pair(self, task: Codes, label: Codes) -> Codes:
        """Code of a pair of task and label."""
        return task * len(self.names) + label


def task_samples(rows: LabelRows, examples: pd.DataFrame, seed: int, in_all: int = MOST_ROWS_IN_ALL) -> Samples:
    """Samples of at most `MOST_ROWS` rows per task and `in_all` rows; tasks and rows are drawn by hash.

    Rows count if their label is among the task's `MOST_LABELS` most frequent ones and has `FEWEST_OF_A_LABEL` rows.
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
    """The labels with enough rows."""
    often = counts[counts["rows"] >= FEWEST_OF_A_LABEL]
    often = often.sort_values(["task", "rows"], ascending=[True, False], kind="stable")
    return often[often.groupby("task").cumcount() < MOST_LABELS]


def _taken(enough: pd.Series, share: int, in_all: int, task_ids: Sequence[str], seed: int) -> Codes:
    """The sampled tasks: in random order, until there are enough rows."""
    drawn = enough.iloc[np.argsort([draw(seed, "learnt tasks", task_ids[task]) for task in enough.index])]
    before = drawn.clip(upper=share).cumsum()
    return drawn.index[before <= in_all].to_numpy()


def _places(rows: LabelRows, common: pd.DataFrame, taken: Codes) -> Codes:
    """Positions of the rows that may be drawn."""
    common = common[common["task"].isin(taken)]
    pairs = rows.pair(common["task"].to_numpy(), common["label"].to_numpy())
    return np.flatnonzero(np.isin(rows.pair(rows.task, rows.label), pairs))


def _shares(tasks: Codes, places: Codes, share: int) -> list[Codes]:
    starts = np.flatnonzero(np.diff(tasks, prepend=-1))
    return [own[:share] for own in np.split(places, starts[1:])] if len(places) else []


def _sample(rows: LabelRows, examples: pd.DataFrame, places: Codes) -> TaskSample | None:
    """The drawn rows whose labels are frequent enough among them; None if too few remain."""
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
    """The tasks without a sample, largest first."""
    of_task = rows.counts.groupby("task")["rows"]
    tasks = pd.DataFrame({"task": rows.tasks, "rows": of_task.sum(), "labels": of_task.size()})
    tasks["note"] = np.where(tasks.index.isin(enough.index), ENOUGH_OTHERS, TOO_FEW)
    others = tasks[~np.isin(np.array(rows.task_ids, dtype=object), list(kept))]
    return others.sort_values(by="rows", ascending=False, kind="stable")


def label_rows(examples: pd.DataFrame) -> LabelRows:
    """Tasks and labels of the accepted rows as codes."""
    task, task_ids = pd.factorize(examples["task_id"])
    both, written = pd.factorize(pd.concat([examples["label"], examples["misleading_label"]]))
    spellings = written.tolist()
    label_of, keys = pd.factorize(np.array([comparable(label) for label in spellings], dtype=object))
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
    """Position of the first occurrence of each code."""
    first = np.zeros(numbers, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first


def folds_of(labels: Codes) -> Codes:
    """The fold in which each row is held out, stratified by label, in the order of the rows."""
    order = np.argsort(labels, kind="stable")
    folds = np.empty(len(order), dtype=np.int64)
    folds[order] = np.arange(len(order)) % FOLDS
    return folds
