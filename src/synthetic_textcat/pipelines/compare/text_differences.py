"""How much better or worse a simple model learns the labels from one run's texts than from the other's."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.hashing import draw, draw_int
from synthetic_textcat.pipelines.compare.bootstrapping import Floats, Places, bootstrapped
from synthetic_textcat.pipelines.compare.differences import Difference
from synthetic_textcat.pipelines.compare.pairing import Accepted
from synthetic_textcat.pipelines.compare.wholes import Variance, difference_of
from synthetic_textcat.text.folds import FOLDS, Codes
from synthetic_textcat.text.label_rows import label_rows
from synthetic_textcat.text.label_samples import TaskSample, task_samples
from synthetic_textcat.text.linear import macro_f1
from synthetic_textcat.text.linear_models import reader_probabilities, word_counts
from synthetic_textcat.text.resampled import Resampled

MOST_ROWS_IN_ALL = 5_000
_LEARNT_TOO = 1 + FOLDS / (FOLDS - 1)


class _Guessed(NamedTuple):
    """A task's sample, and the label that its rows get from models that have not seen them."""

    sample: TaskSample
    labels: Codes

    @property
    def macro_f1(self) -> float:
        """On the rows of the sample, 0 to 1."""
        return macro_f1(self.sample.labels, self.labels)


def learnability_differences(accepted: Accepted, seed: int) -> Iterator[Difference]:
    """Of `learnability/macro_f1`, 0 to 1: of a linear model on single words (TF-IDF), on rows that it has not seen.

    By cross-validation in each task that both runs have rows enough of, averaged over the tasks by their rows, as the
    quality report does; on equally many rows of a task in both runs, as more rows are learnt better, and on at most
    `MOST_ROWS_IN_ALL` in all. Of pairs: the rows that both runs accepted.

    The interval: the variance of a task's difference is that of the bootstrap over its held-out rows (Efron 1979), in
    pairs where both runs are asked the same rows, times 1 + k / (k - 1) for k folds. The factor is for the luck of the
    rows learnt from, which the bootstrap does not see: the correction of Nadeau and Bengio (2003, Machine Learning 52),
    1 / k + asked / learnt in the place of 1 / k. The tasks' variances add up, and the interval is the normal one.

    Its limits: no exact variance of a cross-validation is to be had (Bengio and Grandvalet 2004, JMLR 5). In our trials
    the bootstrap alone covered the difference in 83 to 95 of 100 cases, and with the factor in 95 to 99. It tells the
    luck of the rows, with the tasks as they are.
    """
    tasks = list(_tasks(accepted, seed))
    if not tasks:
        return
    weights = np.array([before.sample.rows for before, _ in tasks], dtype=np.float64)
    weights /= weights.sum()
    before, after = (float(weights @ [side.macro_f1 for side in sides]) for sides in zip(*tasks, strict=True))
    of = float(weights**2 @ [_variance(*sides, seed) for sides in tasks])
    yield difference_of("learnability/macro_f1", before, after, Variance(of * _LEARNT_TOO, np.inf), _basis(tasks))


def _tasks(accepted: Accepted, seed: int) -> Iterator[tuple[_Guessed, _Guessed]]:
    """The tasks that both runs have rows enough of."""
    sides = _as_many(accepted, seed)
    before, after = ({sample.task_id: sample for sample in _samples(rows, seed)} for rows in sides)
    for task_id in sorted(before.keys() & after.keys()):
        yield _guessed(before[task_id]), _guessed(after[task_id])


def _as_many(accepted: Accepted, seed: int) -> list[pd.DataFrame]:
    """Of each task as many rows of both runs, drawn by hash; of pairs all."""
    sides = [accepted.baseline, accepted.candidate]
    if accepted.is_paired:
        return sides
    counts = pd.concat([rows["task_id"].value_counts() for rows in sides], axis=1).fillna(0).min(axis=1)
    return [rows[_ranks(rows, seed) <= rows["task_id"].map(counts).astype("float64")] for rows in sides]


def _ranks(rows: pd.DataFrame, seed: int) -> pd.Series:
    drawn = pd.Series([draw(seed, "equal rows", row) for row in rows["request_id"]], rows.index, dtype="float64")
    return drawn.groupby(rows["task_id"]).rank(method="first")


def _samples(rows: pd.DataFrame, seed: int) -> list[TaskSample]:
    examples = rows.assign(task=rows["task_id"])
    return task_samples(label_rows(examples), examples, seed, MOST_ROWS_IN_ALL).samples


def _guessed(sample: TaskSample) -> _Guessed:
    counts, _ = word_counts(sample.texts)
    return _Guessed(sample, reader_probabilities(counts, sample.labels, sample.folds).argmax(axis=1))


def _variance(before: _Guessed, after: _Guessed, seed: int) -> float:
    """Of the difference, for the luck of the rows asked."""
    ids = [side.sample.request_ids for side in (before, after)]
    rows = [len(own) for own in ids]
    scores = [Resampled(side.sample.labels, side.labels) for side in (before, after)]

    def difference(one: Places, other: Places, axis: int) -> Floats:
        return scores[1](other, axis) - scores[0](one, axis)

    is_paired = ids[0] == ids[1]  # not where the model invents the labels: then other rows have frequent ones
    own_seed = draw_int(32, seed, "learnability", before.sample.task_id)
    return float(bootstrapped(difference, rows[:1] if is_paired else rows, own_seed).standard_error ** 2)


def _basis(tasks: list[tuple[_Guessed, _Guessed]]) -> str:
    rows = [sum(len(side.labels) for side in sides) for sides in zip(*tasks, strict=True)]
    counts = f"{rows[0]:,}" if rows[0] == rows[1] else f"{rows[0]:,} and {rows[1]:,}"
    return f"{counts} rows of each run, of {len(tasks)} {'task' if len(tasks) == 1 else 'tasks'} that both have"
