"""Whether a simple model learns the labels from the texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.learning import TaskLearning
from synthetic_textcat.pipelines.quality_report.signals.measured import WORST, Measured, WorstRow

LEARNT = 0.7
"""Macro-F1 from which on the model is trusted to doubt a row. Measured: below it, it doubts good rows for the most."""

_EASY = 0.9
_BY_ONE_WORD = 0.9


def learnability(corpus: Corpus) -> Measured:
    """How well a linear model on single words (TF-IDF) names the labels of rows that it has not seen.

    Metrics: `learnability/macro_f1` (0 to 1; mean over the measured tasks by their rows), `learnability/tasks` (how
    many could be measured), `learnability/macro_f1/<task_id>`.
    Table `learnability`: task, rows (accepted), labels (that have rows enough), macro_f1, chance_f1 (1 / labels), note;
    the least learnable first, then the largest of those that are not computable (the note says why).
    Worst: rows whose own label is the least likely to a model with a macro-F1 of `LEARNT` or more.
    """
    learning = corpus.learning
    metrics = {
        "learnability/macro_f1": learning.mean("reader_f1"),
        "learnability/tasks": len(learning.tasks),
        **{f"learnability/macro_f1/{task.sample.task_id}": task.reader_f1 for task in learning.tasks},
    }
    lines = [_line(task) for task in sorted(learning.tasks, key=lambda task: task.reader_f1)]
    table = [*lines, *learning.unmeasured(macro_f1=None, chance_f1=None)]
    return Measured(metrics, {"learnability": table}, {"learnability": _worst(learning.tasks)})


def doubt(task: TaskLearning, place: int) -> str:
    """What the model says of a row."""
    odds, own = task.reader[place], task.sample.labels[place]
    best = int(odds.argmax())
    names = task.sample.names
    return f"model says {names[best]!r} ({odds[best]:.2f}), label is {names[own]!r} ({odds[own]:.2f})"


def _line(task: TaskLearning) -> dict[str, Any]:
    return {
        "task": task.sample.task,
        "rows": task.sample.rows,
        "labels": len(task.sample.names),
        "macro_f1": task.reader_f1,
        "chance_f1": task.chance,
        "note": _note(task),
    }


def _note(task: TaskLearning) -> str:
    """Where one word a label does nearly all of a high score, it is leakage by synonym and no quality."""
    share = task.word_f1 / task.reader_f1 if task.reader_f1 else 0.0
    if task.reader_f1 < _EASY or share < _BY_ONE_WORD:
        return ""
    return f"one word a label reaches {share:.0%} of this: see the shortcuts"


def _worst(tasks: Sequence[TaskLearning]) -> list[WorstRow]:
    doubted = [
        (float(odds), at, place)
        for at, task in enumerate(tasks)
        if task.reader_f1 >= LEARNT
        for place, odds in enumerate(np.round(task.reader[np.arange(len(task.reader)), task.sample.labels], 6))
        if task.reader[place].argmax() != task.sample.labels[place]
    ]
    return [
        WorstRow(request_id=tasks[at].sample.request_ids[place], detail=doubt(tasks[at], place))
        for _, at, place in sorted(doubted)[:WORST]
    ]
