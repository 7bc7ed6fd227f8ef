"""Rows whose label is probably wrong, by confident learning."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.learnability import LEARNT, doubt
from synthetic_textcat.pipelines.quality_report.signals.learning import Learning, TaskLearning
from synthetic_textcat.pipelines.quality_report.signals.measured import WORST, Measured, WorstRow

NOT_INSTALLED = "not computable: pip install synthetic-textcat[labels]"
NOT_LEARNT = f"not computable: macro-F1 is below {LEARNT}"

Issues = Mapping[int, Sequence[int]]
"""By the task's place among those measured: places of its rows, the least believable first."""


def label_noise(corpus: Corpus) -> Measured:
    """The share of rows whose label the models of the other rows contradict (Northcutt et al. 2021, by cleanlab).

    Only of tasks that a model learns well: where it doesn't, it doubts good labels. So most plans with few rows a task
    have no such number. Of planted errors it finds some 50 to 90 %.
    Metrics: `label_noise/rate` (issues / rows looked at; mean over the tasks by their rows; 0 to 1; null where no task
    allows it), `label_noise/tasks` (how many do).
    Table `label_noise`: task, rows, labels, macro_f1, issues (rows), rate, note (why it is not computable).
    Worst: the issues whose own label is the least likely.
    """
    learning = corpus.learning
    learnt = [at for at, task in enumerate(learning.tasks) if task.reader_f1 >= LEARNT]
    find = _finder() if learnt else None
    issues = {at: find(learning.tasks[at]) for at in learnt} if find else {}
    lines = [_line(task, issues.get(at)) for at, task in enumerate(learning.tasks)]
    table = [
        *sorted(lines, key=lambda line: -1.0 if line["rate"] is None else line["rate"], reverse=True),
        *learning.unmeasured(macro_f1=None, issues=None, rate=None),
    ]
    metrics = {"label_noise/rate": _rate(learning, issues), "label_noise/tasks": len(issues)}
    return Measured(metrics, {"label_noise": table}, {"label_noise": _worst(learning, issues)})


def _finder() -> Callable[[TaskLearning], Sequence[int]] | None:
    """What names the issues of a task; None where cleanlab is not installed."""
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        return None

    def find(task: TaskLearning) -> Sequence[int]:
        odds = np.round(task.reader, 6)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on labels that are rare: they count as they are
            found = find_label_issues(
                task.sample.labels,
                odds / odds.sum(axis=1, keepdims=True),
                return_indices_ranked_by="self_confidence",
                n_jobs=1,
            )
        return [int(place) for place in found]

    return find


def _line(task: TaskLearning, issues: Sequence[int] | None) -> dict[str, Any]:
    return {
        "task": task.sample.task,
        "rows": task.sample.rows,
        "labels": len(task.sample.names),
        "macro_f1": task.reader_f1,
        "issues": None if issues is None else len(issues),
        "rate": None if issues is None else _share(task, issues),
        "note": "" if issues is not None else NOT_INSTALLED if task.reader_f1 >= LEARNT else NOT_LEARNT,
    }


def _share(task: TaskLearning, issues: Sequence[int]) -> float:
    return round(len(issues) / len(task.sample.texts), 4)


def _rate(learning: Learning, issues: Issues) -> float | None:
    if not issues:
        return None
    tasks = [learning.tasks[at] for at in issues]
    shares = [_share(task, places) for task, places in zip(tasks, issues.values(), strict=True)]
    return round(float(np.average(shares, weights=[task.sample.rows for task in tasks])), 4)


def _worst(learning: Learning, issues: Issues) -> list[WorstRow]:
    found = [
        (round(float(task.reader[place, task.sample.labels[place]]), 6), at, place)
        for at, places in issues.items()
        for task in [learning.tasks[at]]
        for place in places
    ]
    return [
        WorstRow(request_id=learning.tasks[at].sample.request_ids[place], detail=doubt(learning.tasks[at], place))
        for _, at, place in sorted(found)[:WORST]
    ]
