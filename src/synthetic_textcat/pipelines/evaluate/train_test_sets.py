"""Training and test sets of each task: synthetic rows, held-out synthetic rows, real rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.hashing import draw
from synthetic_textcat.schemas.evaluation_set import overlaps_of
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_sets import LABELS, labels_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.label_samples import FEWEST_ROWS, Codes
from synthetic_textcat.text.linear_models import Labels

TRAIN, TEST = "train", "test"
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
    exported: pd.DataFrame, real: pd.DataFrame, tasks: Sequence[Task], similarity: float, seed: int
) -> list[Trial]:
    """Training and test sets of each task with real rows, and of a random choice of other closed tasks by hash.

    Args:
        exported: Columns of `examples`, and `split`.
        real: As in `RealRows`.
        tasks: The project's tasks.
        similarity: Similarity at or above which a training row is a near duplicate of a real row.
        seed: Seed of the run.
    """
    with_real = [task for task in tasks if (real["task_id"] == task.task_id).any()]
    rows = exported[exported["split"].isin([TRAIN, TEST])].groupby("task_id").size()
    others = [task for task in tasks if task.labels and task not in with_real]
    others = [task for task in others if rows.get(task.task_id, 0) >= FEWEST_ROWS]
    others.sort(key=lambda task: draw(seed, "tried tasks", task.task_id))
    found: list[Trial] = []
    learnt = 0
    for task in (*with_real, *others):
        if task not in with_real and learnt >= _MOST_ROWS_IN_ALL:
            break
        found.append(_trial(exported, real, task, similarity, seed))
        learnt += len(found[-1].train)
    return found


def _trial(exported: pd.DataFrame, real: pd.DataFrame, task: Task, similarity: float, seed: int) -> Trial:
    own = exported[exported["task_id"] == task.task_id]
    own = own.assign(places=_places(own, task))
    own = own[own["places"].notna()]  # labels outside the set exist only if the user allows them
    train, held_out = (own[own["split"] == split] for split in (TRAIN, TEST))
    is_real = real["task_id"] == task.task_id
    asked = real[is_real]
    texts = train["input_text"].tolist()
    found = list(overlaps_of([texts], len(texts), real["text"] if len(asked) else (), similarity))
    kept = train[np.array([overlap is None for overlap in found], dtype=bool)]
    return Trial(
        task=task,
        train=_dealt(kept["input_text"], _numbered(kept["places"], task), kept["request_id"], seed),
        held_out=_dealt(held_out["input_text"], _numbered(held_out["places"], task), held_out["request_id"], seed),
        real=_dealt(
            asked["text"], _numbered(asked[LABELS], task), asked["text"] + "\x1f" + _words(asked[LABELS]), seed
        ),
        overlaps=Counter(overlap for overlap in found if overlap),
    )


def _places(own: pd.DataFrame, task: Task) -> "pd.Series[Any]":
    """Positions of the labels of each row in the label set; missing where the set lacks one."""
    places, names = {name: place for place, name in enumerate(task.label_names)}, frozenset(task.label_names)

    @cache
    def of_set(labels: tuple[str, ...]) -> tuple[int, ...] | None:
        spelt = [set_spelling(label, names) for label in labels]
        is_other = None in spelt or (task.task_type == "single_label" and len(labels) != 1)
        return None if is_other else tuple(places[str(name)] for name in spelt)

    sets = [() if labels is None else labels for labels in labels_of(own)]
    return pd.Series([of_set(labels) for labels in sets], own.index, dtype="object")


def _numbered(places: "pd.Series[Any]", task: Task) -> Labels:
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


def _dealt(texts: "pd.Series[str]", labels: Labels, keys: "pd.Series[str]", seed: int) -> Rows:
    """Rows in a stratified random order (by hash), each label (set) spread evenly over it; at most `MOST_ROWS`."""
    codes = strata_of(labels)
    drawn = np.array([draw(seed, "tried rows", key) for key in keys])
    ranks = pd.Series(drawn).groupby(codes).rank(method="first").to_numpy()
    sizes = np.bincount(codes) if len(codes) else codes
    order = np.lexsort((drawn, (ranks - 0.5) / sizes[codes]))[:MOST_ROWS]
    return Rows(texts.to_numpy(dtype=object)[order].tolist(), labels[order])
