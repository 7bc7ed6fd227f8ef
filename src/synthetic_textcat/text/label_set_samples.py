"""Rows with several labels: label sets as integer codes, their counts, and samples of rows for one-vs-rest models."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw_each
from synthetic_textcat.text.batches import Batches, ValueCodes, rows_at
from synthetic_textcat.text.batches import Codes as ShortCodes
from synthetic_textcat.text.label_samples import (
    FEWEST_OF_A_LABEL,
    FEWEST_ROWS,
    MOST_LABELS,
    MOST_ROWS,
    MOST_ROWS_IN_ALL,
    TOO_FEW,
    Codes,
    folds_of,
)

Members = NDArray[np.bool_]
"""Label indicator matrix: rows down, labels across."""

_LEAST_SHARE = 200  # least number of rows sampled from a task that has as many


@dataclass(frozen=True)
class LabelSetRows:
    """Rows of multi-label tasks as integer codes: 16 bytes a row. Rows of other tasks are left out.

    Attributes:
        places: Position of each row in its table.
        task, label_set: Codes of each row's task and label set.
        task_ids: Task ids, by code.
        sets: Label sets, by code.
    """

    places: Codes
    task: ShortCodes
    label_set: ShortCodes
    task_ids: Sequence[str]
    sets: Sequence[tuple[str, ...]]

    @cached_property
    def counts(self) -> dict[str, dict[tuple[str, ...], int]]:
        """Rows of each label set, by task id."""
        number = max(len(self.sets), 1)
        pairs, rows = np.unique(self.task.astype(np.int64) * number + self.label_set, return_counts=True)
        found: dict[str, dict[tuple[str, ...], int]] = {task_id: {} for task_id in self.task_ids}
        for pair, count in zip(pairs.tolist(), rows.tolist(), strict=True):
            found[self.task_ids[pair // number]][self.sets[pair % number]] = count
        return found


def label_set_rows(table: Batches, task_ids: Collection[str], mask: NDArray[np.bool_] | None = None) -> LabelSetRows:
    """Tasks and label sets of the rows of multi-label tasks, by one walk; none without such a task.

    Args:
        table: Columns task_id and labels (tuples).
        task_ids: Ids of the multi-label tasks.
        mask: Rows of the table that count; None = all.
    """
    tasks, sets, start = ValueCodes(), ValueCodes(), 0
    parts = [(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))]
    for frame in table.frames(["task_id", "labels"]) if task_ids else ():
        is_own = frame["task_id"].isin(list(task_ids)).to_numpy() & frame["labels"].notna().to_numpy()
        own = np.flatnonzero(is_own if mask is None else is_own & mask[start : start + len(frame)])
        rows = frame.iloc[own]
        parts.append((own + start, tasks.add(rows["task_id"]), sets.add(rows["labels"])))
        start += len(frame)
    places, task, label_set = (np.concatenate(column) for column in zip(*parts, strict=True))
    return LabelSetRows(places, task, label_set, tasks.values, sets.values)


@dataclass(frozen=True)
class LabelSetSample:
    """Sampled rows of a multi-label task, in random order.

    Attributes:
        task_id, task: Id and sentence of the task.
        rows: Number of accepted rows, sampled or not.
        request_ids, texts: Ids and texts of the sampled rows.
        members: Labels of the sampled rows.
        names: Names of the labels that enough of the rows have.
        folds: The fold in which each row is held out: rows with equal sets are spread evenly.
    """

    task_id: str
    task: str
    rows: int
    request_ids: Sequence[str]
    texts: Sequence[str]
    members: Members
    names: Sequence[str]
    folds: Codes


class LabelSetSamples(NamedTuple):
    """The samples, and a table of the tasks without a sample: task, rows, labels, note."""

    samples: list[LabelSetSample]
    without: pd.DataFrame


def label_set_samples(rows: LabelSetRows, examples: Batches, sentences: Sequence[str], seed: int) -> LabelSetSamples:
    """Samples of at most `MOST_ROWS` rows of each task, drawn by hash.

    A label counts if `FEWEST_OF_A_LABEL` of the sampled rows have it and as many have not, and if it is among the
    `MOST_LABELS` most frequent; a task, if it has `FEWEST_ROWS` rows and two such labels.

    Args:
        rows: The accepted rows of multi-label tasks.
        examples: The accepted rows.
        sentences: Sentence of each task, by its code in `rows`.
        seed: Of the draws.
    """
    share = int(np.clip(MOST_ROWS_IN_ALL // max(len(rows.task_ids), 1), _LEAST_SHARE, MOST_ROWS))
    found, without = [], []
    for task, own, drawn in _drawn(rows, examples, share, seed):
        sample = _sample(rows, own, drawn, task, sentences[task])
        used = {name for names in rows.counts[rows.task_ids[task]] for name in names}
        if sample is None:
            number = int((rows.task == task).sum())
            without.append({"task": sentences[task], "rows": number, "labels": len(used), "note": TOO_FEW})
        else:
            found.append(sample)
    return LabelSetSamples(found, pd.DataFrame(without, columns=["task", "rows", "labels", "note"]))


def _drawn(rows: LabelSetRows, examples: Batches, share: int, seed: int) -> Iterator[tuple[int, Codes, pd.DataFrame]]:
    """The rows with the lowest draws of each task: its code, their numbers in `rows`, ids and texts."""
    if not len(rows.places):
        return
    draws, start = np.empty(len(rows.places)), 0
    for frame in examples.frames(["request_id"]):
        first, end = np.searchsorted(rows.places, (start, start + len(frame))).tolist()
        ids = frame["request_id"].iloc[rows.places[first:end] - start].tolist()
        draws[first:end] = draw_each((seed, "learnt rows"), ids)
        start += len(frame)
    order = np.lexsort((draws, rows.task))
    starts = np.flatnonzero(np.diff(rows.task[order], prepend=-1))
    kept = [own[:share] for own in np.split(order, starts[1:])]
    texts = rows_at(examples, rows.places[np.concatenate(kept)], ["request_id", "input_text"])
    ends = np.cumsum([0, *map(len, kept)])
    for number, own in enumerate(kept):
        yield int(rows.task[own[0]]), own, texts.iloc[ends[number] : ends[number + 1]]


def _sample(rows: LabelSetRows, own: Codes, drawn: pd.DataFrame, task: int, sentence: str) -> LabelSetSample | None:
    codes = rows.label_set[own]
    names = sorted({name for code in np.unique(codes).tolist() for name in rows.sets[code]})
    of_set = np.array([[name in labels for name in names] for labels in rows.sets], bool)
    members = of_set[codes] if names else np.zeros((len(own), 0), bool)
    often = members.sum(axis=0)
    is_measured = np.minimum(often, len(own) - often) >= FEWEST_OF_A_LABEL
    most = np.argsort(-often, kind="stable")
    kept = np.sort(most[is_measured[most]][:MOST_LABELS])
    if len(own) < FEWEST_ROWS or len(kept) < len(("one", "other")):
        return None
    return LabelSetSample(
        task_id=rows.task_ids[task],
        task=sentence,
        rows=int((rows.task == task).sum()),
        request_ids=drawn["request_id"].tolist(),
        texts=drawn["input_text"].tolist(),
        members=members[:, kept],
        names=[names[place] for place in kept],
        folds=folds_of(codes.astype(np.int64)),
    )
