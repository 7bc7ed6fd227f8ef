"""Training and test sets of each task: synthetic rows, held-out synthetic rows, real rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthetic_textcat.hashing import draw
from synthetic_textcat.schemas.evaluation_set import overlaps_of
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.label_samples import FEWEST_ROWS, Codes

TRAIN, TEST = "train", "test"
MOST_ROWS = 5_000
"""Maximum rows of a task for training, and for testing: with the curve, this took 95 s on two busy cores."""

_MOST_ROWS_IN_ALL = 20_000  # training rows; tasks with real rows are always included


@dataclass(frozen=True)
class Rows:
    """Texts with labels, in an order in which every prefix has the labels in their overall shares.

    Attributes:
        texts: As written.
        labels: Label of each text, as its position in the label set of the task.
    """

    texts: Sequence[str]
    labels: Codes

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def kinds(self) -> int:
        """Number of distinct labels."""
        return len(np.unique(self.labels))


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
        """Whether there are two labels to learn."""
        return self.train.kinds > 1


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
    places = {name: place for place, name in enumerate(task.label_names)}
    spelt = {label: set_spelling(label, frozenset(places)) for label in own["label"].unique()}
    numbers = own["label"].map(spelt).map(places)
    own = own.assign(number=numbers)[numbers.notna()]  # labels outside the set exist only if the user allows them
    train, held_out = (own[own["split"] == split] for split in (TRAIN, TEST))
    is_real = real["task_id"] == task.task_id
    asked = real[is_real]
    texts = train["input_text"].tolist()
    found = list(overlaps_of([texts], len(texts), real["text"] if len(asked) else (), similarity))
    kept = train[np.array([overlap is None for overlap in found], dtype=bool)]
    return Trial(
        task=task,
        train=_dealt(kept["input_text"], kept["number"], kept["request_id"], seed),
        held_out=_dealt(held_out["input_text"], held_out["number"], held_out["request_id"], seed),
        real=_dealt(asked["text"], asked["label"], asked["text"] + "\x1f" + asked["label"].astype("str"), seed),
        overlaps=Counter(overlap for overlap in found if overlap),
    )


def _dealt(texts: "pd.Series[str]", labels: "pd.Series[int]", keys: "pd.Series[str]", seed: int) -> Rows:
    """Rows in a stratified random order (by hash), each label spread evenly over it; at most `MOST_ROWS`."""
    codes = labels.to_numpy(dtype=np.int64)
    drawn = np.array([draw(seed, "tried rows", key) for key in keys])
    ranks = pd.Series(drawn).groupby(codes).rank(method="first").to_numpy()
    sizes = np.bincount(codes) if len(codes) else codes
    order = np.lexsort((drawn, (ranks - 0.5) / sizes[codes]))[:MOST_ROWS]
    return Rows(texts.to_numpy(dtype=object)[order].tolist(), codes[order].astype(np.int64))
