"""Training and test sets of each task: synthetic rows, held-out synthetic rows, real rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw, draw_each
from synthetic_textcat.pipelines.evaluate.exported_rows import SPLIT
from synthetic_textcat.schemas.evaluation_set import overlaps_of
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_sets import LABELS, labels_of
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable, RowGroups, RowTable, filtered
from synthetic_textcat.text.label_samples import FEWEST_ROWS, Codes
from synthetic_textcat.text.linear_models import Labels

TRAIN, TEST = "train", "test"
_NEEDED = ("request_id", "task_id", "input_text", "label", LABELS, SPLIT)
_HELD = ("request_id", "label", LABELS, SPLIT)
_NO_ROWS = FrameTable(pd.DataFrame(columns=[*_NEEDED], dtype="str"))

Mask = NDArray[np.bool_]
MOST_ROWS = 5_000
"""Maximum rows of a task for training, and for testing: with the curve, this took 95 s on two busy cores."""

_MOST_ROWS_IN_ALL = 20_000  # training rows; tasks with real rows are always included


@dataclass(frozen=True)
class Rows:
    """Texts with labels, in an order in which every prefix has the labels in their overall shares.

    Attributes:
        texts: As written.
        labels: Label of each text, as its position in the label set of the task; of a task with several labels a text a
            multi-hot matrix.
    """

    texts: Sequence[str]
    labels: Labels

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def strata(self) -> Codes:
        """Code of the label, or label set, of each row."""
        return strata_of(self.labels)

    @property
    def counts(self) -> Codes:
        """Number of rows with each label of the task; labels without rows may be left out at the end."""
        return self.labels.sum(axis=0, dtype=np.int64) if self.labels.ndim > 1 else np.bincount(self.labels)


@dataclass(frozen=True)
class Trial:
    """Training and test sets of one task.

    Attributes:
        task: The task.
        train: Synthetic rows of the train split, without (near) duplicates of real rows.
        held_out: Synthetic rows of the test split.
        real: The user's real rows.
        overlaps: Number of training rows dropped as duplicates of real rows: `exact` and `near`.
    """

    task: Task
    train: Rows
    held_out: Rows
    real: Rows
    overlaps: Counter[str | None]

    @property
    def is_learnable(self) -> bool:
        """Whether there are two labels, or label sets, to learn."""
        return len(np.unique(self.train.strata)) > 1


def trials_of(
    exported: RowTable, real: pd.DataFrame, tasks: Sequence[Task], similarity: float, seed: int
) -> list[Trial]:
    """Training and test sets of each task with real rows, and of a random choice of other closed tasks by hash.

    Args:
        exported: Columns of `examples`, and `split`.
        real: As in `RealRows`.
        tasks: The project's tasks.
        similarity: Similarity at or above which a training row is a near duplicate of a real row.
        seed: Seed of the run.
    """
    known, rows = as_task_table(tasks), _rows_by_task(exported)
    tested = {*real["task_id"]}
    with_real = [task_id for task_id in known.ids if task_id in tested]
    others = [task_id for task_id in known.ids if task_id not in tested and len(rows.get(task_id, ())) >= FEWEST_ROWS]
    others.sort(key=lambda task_id: draw(seed, "tried tasks", task_id))
    found: list[Trial] = []
    learnt = 0
    for task_id in (*with_real, *others):
        if task_id not in tested and learnt >= _MOST_ROWS_IN_ALL:
            break
        task = known.by_id[task_id]
        if task.labels:
            found.append(_trial(rows.get(task_id, _NO_ROWS), real[real["task_id"] == task_id], task, similarity, seed))
            learnt += len(found[-1].train)
    return found


def _rows_by_task(exported: RowTable) -> Mapping[str, RowTable]:
    """Rows of the train and the test split, by task."""
    splits = (frame[SPLIT].isin([TRAIN, TEST]).to_numpy() for frame in exported.frames([SPLIT]))
    mask = np.concatenate([np.zeros(0, np.bool_), *splits])
    columns = [name for name in _NEEDED if name in exported]
    return dict(RowGroups(filtered(exported, mask, columns), "task_id").items())


def _trial(own: RowTable, asked: pd.DataFrame, task: Task, similarity: float, seed: int) -> Trial:
    """Training and test sets of a task.

    Args:
        own: Its exported rows.
        asked: The user's real rows of the task.
        task: The task.
        similarity: As of `trials_of`.
        seed: Likewise.
    """
    rows = _OwnRows.of(own, task, seed)
    real_texts = asked["text"] if len(asked) else ()
    found = list(overlaps_of(rows.texts(rows.is_train), int(rows.is_train.sum()), real_texts, similarity))
    kept = np.flatnonzero(rows.is_train)[np.array([overlap is None for overlap in found], np.bool_)]
    labels, keys = _numbered(asked[LABELS], task), asked["text"] + "\x1f" + _words(asked[LABELS])
    order = _order(labels, _drawn(keys, seed))
    return Trial(
        task=task,
        train=rows.dealt(kept),
        held_out=rows.dealt(np.flatnonzero(rows.is_held_out)),
        real=Rows(asked["text"].iloc[order].tolist(), labels[order]),
        overlaps=Counter(overlap for overlap in found if overlap),
    )


@dataclass(frozen=True)
class _OwnRows:
    """Exported rows of a task: 18 bytes of each are held, and texts only of those that are learnt or asked.

    Attributes:
        table: The rows.
        task: The task.
        is_train, is_held_out: Masks of the rows of each split; of those alone whose labels the label set has. It lacks
            one only if the user allows other labels.
        places: Positions of the labels of each row in the label set.
        drawn: A number of each row, by which they are shuffled.
    """

    table: RowTable
    task: Task
    is_train: Mask
    is_held_out: Mask
    places: NDArray[np.object_]
    drawn: NDArray[np.float64]

    @classmethod
    def of(cls, table: RowTable, task: Task, seed: int) -> Self:
        """Reads what is held of the rows."""
        parts: list[tuple[NDArray[Any], ...]] = [(*([np.zeros(0, np.bool_)] * 2), np.empty(0, object), np.empty(0))]
        for frame in table.frames([name for name in _HELD if name in table]):
            places = _places(frame, task)
            known = np.fromiter((own is not None for own in places), np.bool_, len(places))
            masks = ((frame[SPLIT] == split).to_numpy(np.bool_) & known for split in (TRAIN, TEST))
            parts.append((*masks, np.fromiter(places, object, len(places)), _drawn(frame["request_id"], seed)))
        return cls(table, task, *map(np.concatenate, zip(*parts, strict=True)))

    def texts(self, mask: Mask) -> Iterator[list[str]]:
        """Texts of some rows, in batches."""
        start = 0
        for frame in self.table.frames(["input_text"]):
            yield frame["input_text"][mask[start : start + len(frame)]].tolist()
            start += len(frame)

    def dealt(self, rows: NDArray[np.intp]) -> Rows:
        """Some of the rows, in the order of `_order`."""
        labels = _numbered(self.places[rows], self.task)
        order = _order(labels, self.drawn[rows])
        texts = self.table.take(rows[order].tolist(), ["input_text"])["input_text"]
        return Rows(texts.tolist(), labels[order])


def _places(own: pd.DataFrame, task: Task) -> list[tuple[int, ...] | None]:
    """Positions of the labels of each row in the label set; None where the set lacks one."""
    places, names = {name: place for place, name in enumerate(task.label_names)}, frozenset(task.label_names)

    @cache
    def of_set(labels: tuple[str, ...]) -> tuple[int, ...] | None:
        spelt = [set_spelling(label, names) for label in labels]
        is_other = None in spelt or (task.task_type == "single_label" and len(labels) != 1)
        return None if is_other else tuple(places[str(name)] for name in spelt)

    return [of_set(labels or ()) for labels in labels_of(own)]


def _numbered(places: "pd.Series[Any] | NDArray[np.object_]", task: Task) -> Labels:
    """Labels of rows: the position of each, or a multi-hot matrix for a task with several labels a text."""
    if task.task_type == "single_label":
        return np.array([own[0] for own in places], np.int64)
    matrix = np.zeros((len(places), len(task.labels)), np.int8)
    for row, own in enumerate(places):
        matrix[row, list(own)] = 1
    return matrix


def strata_of(labels: Labels) -> Codes:
    """Code of the label, or label set, of each row."""
    codes = labels if labels.ndim == 1 else np.unique(labels, axis=0, return_inverse=True)[1].ravel()
    return codes.astype(np.int64)


def _words(places: "pd.Series[Any]") -> "pd.Series[str]":
    return pd.Series([",".join(map(str, own)) for own in places], places.index, dtype="str")


def _drawn(keys: "pd.Series[str]", seed: int) -> NDArray[np.float64]:
    return draw_each((seed, "tried rows"), plain(keys))


def _order(labels: Labels, drawn: NDArray[np.float64]) -> NDArray[np.intp]:
    """A stratified random order (by hash), each label (set) spread evenly over it; at most `MOST_ROWS`."""
    codes = strata_of(labels)
    ranks = pd.Series(drawn).groupby(codes).rank(method="first").to_numpy()
    sizes = np.bincount(codes) if len(codes) else codes
    return np.lexsort((drawn, (ranks - 0.5) / sizes[codes]))[:MOST_ROWS]
