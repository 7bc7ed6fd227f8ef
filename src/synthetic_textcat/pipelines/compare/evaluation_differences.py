"""Paired difference of two runs' classifiers on the user's real rows: F1 with a bootstrap interval."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.compare.differences import Difference, Floats, Places, bootstrapped_difference
from synthetic_textcat.schemas.label_sets import label_set_of
from synthetic_textcat.schemas.run_records import Evaluation
from synthetic_textcat.text.bootstrap import percentile_interval
from synthetic_textcat.text.linear_models import Labels, Resampled, macro_f1, micro_f1
from synthetic_textcat.text.multi_hot import multi_hot
from synthetic_textcat.text.unicode import single_line

MEASURE, MICRO = "real/macro_f1", "real/micro_f1"
_TYPE = "task_type"
_KEYS = ["task_id", "row", "label", _TYPE]
_DIGITS = 4
_LONGEST = 80  # characters shown of a task


class _TaskDifference(NamedTuple):
    """Scores of one task in both runs; `drawn` is the difference in each bootstrap resample, empty of a single row."""

    task_id: str
    task: str
    rows: int
    baseline: float
    candidate: float
    drawn: Floats


def evaluation_differences(baseline: Evaluation | None, candidate: Evaluation | None, seed: int) -> list[Difference]:
    """Differences in macro-F1 on the real rows that both runs were tested on; of several labels a text also micro-F1.

    The measure `real/macro_f1` is the mean over the tasks, weighted by their rows; `real/macro_f1/<task_id>` are those
    of each task, if there are several. `real/micro_f1` and `real/micro_f1/<task_id>` are of the tasks with several
    labels a text. The interval is a percentile bootstrap over rows, which are drawn together for both runs and within
    each task: it covers the sampling error of the real rows, not that of the generation.

    Args:
        baseline: Evaluation of the baseline, None if there is none; without predictions there is no difference.
        candidate: That of the candidate.
        seed: Of the draws.
    """
    if baseline is None or candidate is None or baseline.predictions is None or candidate.predictions is None:
        return []
    before, after = _with_type(baseline.predictions), _with_type(candidate.predictions)
    paired = before.merge(after, on=_KEYS, suffixes=("_baseline", "_candidate"))
    tasks = [_Task(rows) for _, rows in paired.groupby(["task_id", _TYPE], sort=True)]
    left_out = _left_out(len(before) - len(paired), len(after) - len(paired))
    return [
        *_differences(MEASURE, [task.difference(macro_f1, Resampled.__call__, seed) for task in tasks], left_out),
        *_differences(MICRO, [task.difference(micro_f1, Resampled.micro, seed) for task in tasks if task.of_sets]),
    ]


def _with_type(predictions: pd.DataFrame) -> pd.DataFrame:
    """The predictions with their task's type, which earlier versions did not keep: there was one."""
    return predictions if _TYPE in predictions else predictions.assign(**{_TYPE: "single_label"})


def _left_out(of_baseline: int, of_candidate: int) -> str:
    """A remark on the rows without a counterpart: of another text, label, task or number of labels a text."""
    rows = (
        f"{of_baseline:,} of the baseline's and {of_candidate:,} of the candidate's rows are not in both, and left out"
    )
    return f"; {rows}" if of_baseline or of_candidate else ""


def _differences(measure: str, tasks: list[_TaskDifference], left_out: str = "") -> Iterator[Difference]:
    if not tasks:
        return
    yield _difference(measure, tasks, f"{sum(task.rows for task in tasks):,} real rows, pair by pair{left_out}")
    if len(tasks) > 1:
        for task in tasks:
            yield _difference(f"{measure}/{task.task_id}", [task], f"{task.rows:,} real rows of {task.task!r}")


class _Task:
    """Labels and predictions of a task's rows that both runs were tested on: codes, or multi-hot matrices."""

    def __init__(self, rows: pd.DataFrame) -> None:
        first = rows.iloc[0]
        self._task_id, self._task = str(first["task_id"]), single_line(first["task_baseline"], _LONGEST)
        self.of_sets = first[_TYPE] == "multi_label"
        columns = [rows[name] for name in ("label", "predicted_baseline", "predicted_candidate")]
        self._labels, self._before, self._after = _matrices(columns) if self.of_sets else _codes(columns)

    def difference(
        self, f1: Callable[..., float], resampled: Callable[[Resampled, Places, int], Floats], seed: int
    ) -> _TaskDifference:
        """The scores by one kind of F1.

        Args:
            f1: Function of labels and predictions.
            resampled: The same of resamples.
            seed: Of the draws.
        """
        drawn: Floats = np.empty(0)
        if len(self._labels) > 1:
            one, other = Resampled(self._labels, self._before), Resampled(self._labels, self._after)

            def difference(first: Places, second: Places, axis: int) -> Floats:
                return resampled(other, second, axis) - resampled(one, first, axis)

            drawn = bootstrapped_difference(difference, [len(self._labels)], seed).bootstrap_distribution
        before, after = (f1(self._labels, side) for side in (self._before, self._after))
        return _TaskDifference(self._task_id, self._task, len(self._labels), before, after, drawn)


def _codes(columns: Sequence["pd.Series[str]"]) -> list[Labels]:
    names = sorted({name for column in columns for name in column})
    return [np.asarray(pd.Categorical(column, categories=names).codes, dtype=np.int64) for column in columns]


def _matrices(columns: Sequence["pd.Series[str]"]) -> list[Labels]:
    sets = [[label_set_of(code) for code in column] for column in columns]
    names = sorted({name for column in sets for labels in column for name in labels})
    return [multi_hot(column, names) for column in sets]


def _difference(measure: str, tasks: list[_TaskDifference], basis: str) -> Difference:
    weights = [task.rows for task in tasks]
    baseline, candidate = (
        float(np.average([getattr(task, side) for task in tasks], weights=weights))
        for side in ("baseline", "candidate")
    )
    resamples = min(len(task.drawn) for task in tasks)
    drawn = np.average([task.drawn[:resamples] for task in tasks], axis=0, weights=weights)
    low, high = percentile_interval(drawn)
    return Difference(
        measure,
        "score",
        round(baseline, _DIGITS),
        round(candidate, _DIGITS),
        round(candidate - baseline, _DIGITS),
        low,
        high,
        basis=basis,
    )
