"""Labelled samples for linear models: tasks with enough rows, labels as integer codes, cross-validation folds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw, draw_each
from synthetic_textcat.text.batches import Batches, ValueCodes, codes_of, rows_at
from synthetic_textcat.text.batches import Codes as ShortCodes
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
_AT_ONCE = 100_000  # rows counted at once

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
    """Tasks and labels of the accepted rows as integer codes, in plan order: 12 bytes a row.

    Labels are alike by their comparison form.

    Attributes:
        task: Task code of each row.
        spelling, misleading_spelling: Codes of both labels as the model wrote them.
        spelling_labels: Label code of each spelling; its last entry is that of a missing label.
        task_ids, tasks: Id and sentence of each task.
        names: First spelling of each label.
        keys: Comparison form of each label.
        spellings: All spellings of labels.
    """

    task: ShortCodes
    spelling: ShortCodes
    misleading_spelling: ShortCodes
    spelling_labels: ShortCodes
    task_ids: Sequence[str]
    tasks: Sequence[str]
    names: Sequence[str]
    keys: Sequence[str]
    spellings: Sequence[str]

    @property
    def label(self) -> ShortCodes:
        """Label code of each row."""
        return self.spelling_labels[self.spelling]

    @property
    def misleading(self) -> ShortCodes:
        """Code of the misleading label of each row."""
        return self.spelling_labels[self.misleading_spelling]

    @cached_property
    def counts(self) -> pd.DataFrame:
        """One row for each label of a task: task, label (both as codes), rows."""
        of_task = self.spelling_counts
        labels = of_task[["task", "rows"]].assign(label=self.spelling_labels[of_task["spelling"]].astype(np.int64))
        return labels.groupby(["task", "label"])["rows"].sum().reset_index()

    @cached_property
    def spelling_counts(self) -> pd.DataFrame:
        """One row for each spelling of a label in a task: task, spelling (both as codes), rows."""
        number = max(len(self.spellings), 1)
        parts = [
            np.unique(self.task[some].astype(np.int64) * number + self.spelling[some], return_counts=True)
            for some in _slices(len(self.task))
        ]
        pairs = np.concatenate([np.empty(0, np.int64), *(pairs for pairs, _ in parts)])
        rows = np.concatenate([np.empty(0, np.int64), *(rows for _, rows in parts)])
        task, spelling = np.divmod(pairs, number)
        counts = pd.DataFrame({"task": task, "spelling": spelling, "rows": rows})
        return counts.groupby(["task", "spelling"])["rows"].sum().reset_index()

    def pair(self, task: NDArray[Any], label: NDArray[Any]) -> Codes:
        """Code of a pair of task and label."""
        pairs: Codes = task.astype(np.int64) * len(self.names) + label
        return pairs


def _slices(rows: int) -> Iterator[slice]:
    return (slice(start, start + _AT_ONCE) for start in range(0, rows, _AT_ONCE))


def task_samples(rows: LabelRows, examples: Batches, seed: int, in_all: int = MOST_ROWS_IN_ALL) -> Samples:
    """Samples of at most `MOST_ROWS` rows per task and `in_all` rows; tasks and rows are drawn by hash.

    Rows count if their label is among the task's `MOST_LABELS` most frequent ones and has `FEWEST_OF_A_LABEL` rows.
    """
    common = _common(rows.counts)
    counted = common.groupby("task")["rows"].agg(["sum", "size"])
    enough = counted[(counted["sum"] >= FEWEST_ROWS) & (counted["size"] >= 2)]["sum"]
    share = int(np.clip(in_all // max(len(enough), 1), _LEAST_SHARE, MOST_ROWS))
    taken = _taken(enough, share, in_all, rows.task_ids, seed)
    places = _drawn_places(rows, examples, common[common["task"].isin(taken)], share, seed)
    by_task = [own for own in _of_each_task(rows, places) if own is not None]
    drawn = rows_at(examples, np.concatenate([np.empty(0, np.int64), *by_task]), ["request_id", "input_text"])
    ends = np.cumsum([0, *map(len, by_task)]).tolist()
    sizes = rows.counts.groupby("task")["rows"].sum()
    samples = [
        _sample(rows, own, drawn.iloc[start:end], sizes)
        for own, (start, end) in zip(by_task, pairwise(ends), strict=True)
    ]
    return Samples(samples, _without(rows, enough, {sample.task_id for sample in samples}))


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


def _drawn_places(rows: LabelRows, examples: Batches, common: pd.DataFrame, share: int, seed: int) -> Codes:
    """Positions of the rows with the lowest draws, `share` of each task, in the order of task and draw."""
    pairs = rows.pair(common["task"].to_numpy(), common["label"].to_numpy())
    kept = pd.DataFrame({"task": [], "drawn": [], "place": []}).astype({"task": "int64", "place": "int64"})
    start = 0
    for frame in examples.frames(["request_id"]):
        own = slice(start, start + len(frame))
        task = rows.task[own]
        some = np.flatnonzero(np.isin(rows.pair(task, rows.spelling_labels[rows.spelling[own]]), pairs))
        drawn = draw_each((seed, "learnt rows"), frame["request_id"].iloc[some].tolist())
        more = pd.DataFrame({"task": task[some].astype(np.int64), "drawn": drawn, "place": some + start})
        ranked = pd.concat([kept, more]).sort_values(["task", "drawn"]) if len(some) else kept
        kept = ranked[ranked.groupby("task").cumcount() < share]
        start += len(frame)
    return kept["place"].to_numpy()


def _of_each_task(rows: LabelRows, places: Codes) -> Iterator[Codes | None]:
    """The drawn rows of each task whose labels are frequent enough among them; None if too few remain."""
    starts = np.flatnonzero(np.diff(rows.task[places], prepend=-1))
    labels = rows.spelling_labels[rows.spelling[places]]
    for own, of_own in zip(np.split(places, starts[1:]), np.split(labels, starts[1:]), strict=True):
        is_frequent = _frequent(of_own)
        is_enough = is_frequent.sum() >= FEWEST_ROWS and len(np.unique(of_own[is_frequent])) >= 2
        yield own[is_frequent] if is_enough else None


def _sample(rows: LabelRows, places: Codes, drawn: pd.DataFrame, sizes: "pd.Series[int]") -> TaskSample:
    labels, codes = np.unique(rows.spelling_labels[rows.spelling[places]], return_inverse=True)
    task = int(rows.task[places[0]])
    return TaskSample(
        task_id=rows.task_ids[task],
        task=rows.tasks[task],
        rows=int(sizes[task]),
        request_ids=drawn["request_id"].tolist(),
        texts=drawn["input_text"].tolist(),
        labels=codes.astype(np.int64),
        names=[rows.names[label] for label in labels],
    )


def _frequent(labels: NDArray[Any]) -> NDArray[np.bool_]:
    is_frequent: NDArray[np.bool_] = np.bincount(labels)[labels] >= FEWEST_OF_A_LABEL
    return is_frequent


def _without(rows: LabelRows, enough: pd.Series, kept: set[str]) -> pd.DataFrame:
    """The tasks without a sample, largest first."""
    of_task = rows.counts.groupby("task")["rows"]
    tasks = pd.DataFrame({"task": rows.tasks, "rows": of_task.sum(), "labels": of_task.size()})
    tasks["note"] = np.where(tasks.index.isin(enough.index), ENOUGH_OTHERS, TOO_FEW)
    others = tasks[~np.isin(np.array(rows.task_ids, dtype=object), list(kept))]
    return others.sort_values(by="rows", ascending=False, kind="stable")


def label_rows(examples: Batches) -> LabelRows:
    """Tasks and labels of the accepted rows as codes."""
    tasks, labels, start = ValueCodes(), ValueCodes(), 0
    task, sentences = np.empty(len(examples), np.int32), list[str]()
    for frame in examples.frames(["task_id", "task"]):
        codes = task[start : start + len(frame)] = tasks.add(frame["task_id"])
        new = pd.Series(codes, frame.index)[codes >= len(sentences)].drop_duplicates()
        sentences += frame["task"].loc[new.index].tolist()
        start += len(frame)
    spelling, misleading = (codes_of(examples, name, labels) for name in ("label", "misleading_label"))
    spellings = labels.values
    label_of, keys = pd.factorize(np.array([comparable(label) for label in spellings], dtype=object))
    return LabelRows(
        task=task,
        spelling=spelling,
        misleading_spelling=misleading,
        spelling_labels=np.append(label_of, -1).astype(np.int32),
        task_ids=tasks.values,
        tasks=sentences,
        names=[spellings[place] for place in _first_places(label_of, len(keys))],
        keys=keys.tolist(),
        spellings=spellings,
    )


def _first_places(codes: NDArray[Any], numbers: int) -> Codes:
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
