"""Paired difference of two runs' classifiers on the user's real rows: macro-F1 with a bootstrap interval."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.compare.differences import Difference, Floats, Places, bootstrapped_difference
from synthetic_textcat.schemas.run_records import Evaluation
from synthetic_textcat.text.bootstrap import percentile_interval
from synthetic_textcat.text.linear_models import Resampled, macro_f1
from synthetic_textcat.text.unicode import single_line

MEASURE = "real/macro_f1"
_KEYS = ["task_id", "row", "label"]
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
    """Differences in macro-F1 on the real rows that both runs were tested on.

    The measure `real/macro_f1` is the mean over the tasks, weighted by their rows; `real/macro_f1/<task_id>` are those
    of each task, if there are several. The interval is a percentile bootstrap over rows, which are drawn together for
    both runs and within each task: it covers the sampling error of the real rows, not that of the generation.

    Args:
        baseline: Evaluation of the baseline, None if there is none; without predictions there is no difference.
        candidate: That of the candidate.
        seed: Of the draws.
    """
    if baseline is None or candidate is None or baseline.predictions is None or candidate.predictions is None:
        return []
    paired = baseline.predictions.merge(candidate.predictions, on=_KEYS, suffixes=("_baseline", "_candidate"))
    tasks = [_of_task(str(task_id), rows, seed) for task_id, rows in paired.groupby("task_id", sort=True)]
    return list(_differences(tasks))


def _differences(tasks: list[_TaskDifference]) -> Iterator[Difference]:
    if not tasks:
        return
    yield _difference(MEASURE, tasks, f"{sum(task.rows for task in tasks):,} real rows, pair by pair")
    if len(tasks) > 1:
        for task in tasks:
            yield _difference(f"{MEASURE}/{task.task_id}", [task], f"{task.rows:,} real rows of {task.task!r}")


def _of_task(task_id: str, rows: pd.DataFrame, seed: int) -> _TaskDifference:
    names = sorted({*rows["label"], *rows["predicted_baseline"], *rows["predicted_candidate"]})
    labels, before, after = (
        _codes(rows[column], names) for column in ("label", "predicted_baseline", "predicted_candidate")
    )
    drawn: Floats = np.empty(0)
    if len(rows) > 1:
        one, other = Resampled(labels, before), Resampled(labels, after)

        def difference(first: Places, second: Places, axis: int) -> Floats:
            return other(second, axis) - one(first, axis)

        drawn = bootstrapped_difference(difference, [len(rows)], seed).bootstrap_distribution
    task = single_line(rows["task_baseline"].iloc[0], _LONGEST)
    return _TaskDifference(task_id, task, len(rows), macro_f1(labels, before), macro_f1(labels, after), drawn)


def _codes(column: "pd.Series[str]", names: list[str]) -> NDArray[np.int64]:
    return np.asarray(pd.Categorical(column, categories=names).codes, dtype=np.int64)


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
