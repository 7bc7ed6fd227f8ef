"""Learnability: macro-F1 of a linear model, shortcuts without reading the text, and probable label errors."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.signals.corpus import WORST, Corpus, SignalResult, WorstRow
from synthetic_textcat.pipelines.quality_report.signals.label_classifiers import Learning
from synthetic_textcat.pipelines.quality_report.signals.label_set_classifiers import SetLearning
from synthetic_textcat.pipelines.quality_report.signals.task_scores import TaskScores
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.text.intervals import wilson_interval

LEARNT = 0.7
"""Minimum macro-F1 of a model used to find label errors. Measured: below it, most of the rows it finds are correct."""

_EASY = 0.9
_BY_ONE_WORD = 0.9
_WORDS_NAMED = 5
NOT_INSTALLED = "not computable: pip install synthetic-textcat[labels]"
NOT_LEARNT = f"not computable: macro-F1 is below {LEARNT}"

Lengths = NDArray[np.int32]
Issues = Mapping[int, Sequence[int]]
"""Row positions of probable label errors, the least likely label first, by the position of the measured task."""


def learnability(corpus: Corpus) -> SignalResult:
    """Macro-F1 of a linear model on single words (TF-IDF), by cross-validation.

    Of a task with several labels a text each label has a model of its own (one-vs-rest), and F1 is that of having it.

    Metrics: `learnability/macro_f1` (0 to 1; mean over the measured tasks by their rows), `learnability/tasks` (number
    of measured tasks), `learnability/macro_f1/<task_id>`. With several labels a text also `learnability/micro_f1`
    (over all pairs of row and label; mean over such tasks by their rows) and `learnability/micro_f1/<task_id>`.
    Table `learnability`: task, rows (accepted), labels (with enough rows), macro_f1, micro_f1 (where a task has several
    labels a text), chance_f1 (1 / labels, or the mean share of rows with a label), note;
    the least learnable first, then the largest tasks that are not computable (the note gives the reason).
    Worst: rows whose labels are the least likely according to a model with a macro-F1 of `LEARNT` or more.
    """
    learning = corpus.learning
    metrics: Metrics = {
        "learnability/macro_f1": learning.mean("reader_f1"),
        "learnability/tasks": len(learning.tasks),
        **{f"learnability/macro_f1/{task.sample.task_id}": task.reader_f1 for task in learning.tasks},
    }
    lines = [_learnability_line(task) for task in sorted(learning.tasks, key=lambda task: task.reader_f1)]
    table = [*lines, *learning.unmeasured(macro_f1=None, chance_f1=None)]
    if micro := _micro_f1(learning.tasks):
        metrics |= micro
        of_tasks = {task.sample.task: task.micro_f1 for task in learning.tasks if isinstance(task, SetLearning)}
        table = [{**line, "micro_f1": of_tasks.get(line["task"])} for line in table]
    return SignalResult(metrics, {"learnability": table}, {"learnability": _hardest_rows(learning.tasks)})


def _micro_f1(tasks: Sequence[TaskScores]) -> Metrics:
    """Micro-F1 of the tasks with several labels a text; nothing without one."""
    own = [task for task in tasks if isinstance(task, SetLearning)]
    if not own:
        return {}
    mean = np.average([task.micro_f1 for task in own], weights=[task.sample.rows for task in own])
    of_tasks = {f"learnability/micro_f1/{task.sample.task_id}": task.micro_f1 for task in own}
    return {"learnability/micro_f1": round(float(mean), 4), **of_tasks}


def _learnability_line(task: TaskScores) -> dict[str, Any]:
    return {
        "task": task.sample.task,
        "rows": task.sample.rows,
        "labels": len(task.sample.names),
        "macro_f1": task.reader_f1,
        "chance_f1": task.chance,
        "note": _note(task),
    }


def _note(task: TaskScores) -> str:
    """Note if one word per label reaches most of a high score: a sign of leakage by synonyms rather than quality."""
    share = task.word_f1 / task.reader_f1 if task.reader_f1 else 0.0
    if task.reader_f1 < _EASY or share < _BY_ONE_WORD:
        return ""
    return f"one word per label reaches {share:.0%} of this: see the shortcuts"


def _hardest_rows(tasks: Sequence[TaskScores]) -> list[WorstRow]:
    doubted = [
        (task.own_odds(place), at, place)
        for at, task in enumerate(tasks)
        if task.reader_f1 >= LEARNT
        for place in task.doubted()
    ]
    return _worst_rows(tasks, doubted)


def _worst_rows(tasks: Sequence[TaskScores], doubted: Iterable[tuple[float, int, int]]) -> list[WorstRow]:
    """Rows with the least likely labels: of probability, number of the task, and position in its sample."""
    return [
        WorstRow(request_id=tasks[at].sample.request_ids[place], detail=tasks[at].doubt(place))
        for _, at, place in sorted(doubted)[:WORST]
    ]


def shortcuts(corpus: Corpus) -> SignalResult:
    """Shortcut baselines next to chance; the closer to chance, the more a model has to read the text.

    Metrics, macro-F1 (0 to 1) on held-out rows, means over the measured tasks by their rows:
    `shortcut/majority` (always the most frequent label), `shortcut/length` (a small decision tree on the text's length
    in words and characters), `shortcut/word` (one word for each label). And over all rows whose two labels differ in
    length: `shortcut/longer_label`, the share whose label is longer than the misleading one (unbiased: about 0.5; a row
    with several labels counts for each of them),
    with the 95 % Wilson interval `shortcut/longer_label_low` and `shortcut/longer_label_high`, and
    `shortcut/longer_side`, the lower end of that interval for the share or its complement, whichever is larger.
    `shortcut/length_gain` and `shortcut/word_gain`: share of the gap between chance and a perfect score, the mean of
    (macro-F1 - chance) / (1 - chance), at least 0.
    Table `shortcuts`: task, rows (accepted), labels (with enough rows), chance (1 / labels), majority, length,
    word_score, words ("refund → billing", the most telling first). Worst: rows of the task with the most telling word
    that this word alone classifies.
    """
    learning = corpus.learning
    metrics = {
        "shortcut/majority": learning.mean("majority_f1"),
        "shortcut/length": learning.mean("length_f1"),
        "shortcut/length_gain": learning.mean("length_gain"),
        "shortcut/word": learning.mean("word_f1"),
        "shortcut/word_gain": learning.mean("word_gain"),
        **_longer_label(_label_lengths(corpus)),
    }
    by_score = sorted(learning.tasks, key=lambda task: -task.word_f1)
    return SignalResult(
        metrics,
        {"shortcuts": [_shortcut_line(task) for task in by_score]},
        {"shortcuts": _shortcut_rows(learning.tasks)},
    )


def _label_lengths(corpus: Corpus) -> tuple[Lengths, Lengths]:
    """Characters of the label and the misleading label of each row; of a row with several, for each of its labels."""
    rows, sets = corpus.label_rows, corpus.set_rows
    lengths = np.array([len(name) for name in rows.names], dtype=np.int32)
    own, other = [lengths[rows.label]], [lengths[rows.misleading]]
    if len(sets.places):
        misleading = np.concatenate(
            [frame["misleading_label"].str.len().to_numpy() for frame in corpus.examples.frames(["misleading_label"])]
        )[sets.places]
        of_set = [[len(name) for name in labels] for labels in sets.sets]
        own.append(np.array([length for code in sets.label_set.tolist() for length in of_set[code]], np.int32))
        other.append(np.repeat(misleading, [len(of_set[code]) for code in sets.label_set.tolist()]).astype(np.int32))
    return np.concatenate(own), np.concatenate(other)


def _longer_label(lengths: tuple[Lengths, Lengths]) -> Metrics:
    own, other = lengths
    unequal = int((own != other).sum())
    if not unequal:
        return dict.fromkeys(f"shortcut/longer_{end}" for end in ("label", "side", "label_low", "label_high"))
    share = int((own > other).sum()) / unequal
    low, high = wilson_interval(share, unequal)
    return {
        "shortcut/longer_label": round(share, 4),
        "shortcut/longer_side": round(max(low, 1 - high), 4),
        "shortcut/longer_label_low": round(low, 4),
        "shortcut/longer_label_high": round(high, 4),
    }


def _shortcut_line(task: TaskScores) -> dict[str, Any]:
    return {
        "task": task.sample.task,
        "rows": task.sample.rows,
        "labels": len(task.sample.names),
        "chance": task.chance,
        "majority": task.majority_f1,
        "length": task.length_f1,
        "word_score": task.word_f1,
        "words": ", ".join(f"{word.word} → {word.label}" for word in task.words[:_WORDS_NAMED]),
    }


def _shortcut_rows(tasks: Sequence[TaskScores]) -> list[WorstRow]:
    telling = [task for task in tasks if task.words]
    if not telling:
        return []
    task = max(telling, key=lambda task: task.words[0].telling)
    word = task.words[0]
    detail = f"the word {word.word!r} alone gives away {word.label!r}"
    return [WorstRow(request_id=task.sample.request_ids[place], detail=detail) for place in word.rows[:WORST]]


def label_noise(corpus: Corpus) -> SignalResult:
    """Label noise: rows whose label contradicts a model trained on the other rows (Northcutt et al. 2021, cleanlab).

    Only for tasks that a model learns well, since a poor model doubts correct labels. So plans with few rows per task
    usually have no value. It finds some 50 to 90 % of planted errors.
    Metrics: `label_noise/rate` (issues / rows examined; mean over the tasks by their rows; 0 to 1; null if no task can
    be measured), `label_noise/tasks` (number of measured tasks).
    Table `label_noise`: task, rows, labels, macro_f1, issues (rows), rate, note (why it is not computable).
    Worst: the issues whose own label is the least likely.
    """
    learning = corpus.learning
    learnt = [at for at, task in enumerate(learning.tasks) if task.reader_f1 >= LEARNT]
    find = _finder() if learnt else None
    issues = {at: find(learning.tasks[at]) for at in learnt} if find else {}
    lines = [_noise_line(task, issues.get(at)) for at, task in enumerate(learning.tasks)]
    table = [
        *sorted(lines, key=lambda line: -1.0 if line["rate"] is None else line["rate"], reverse=True),
        *learning.unmeasured(macro_f1=None, issues=None, rate=None),
    ]
    metrics = {"label_noise/rate": _rate(learning, issues), "label_noise/tasks": len(issues)}
    return SignalResult(metrics, {"label_noise": table}, {"label_noise": _noisiest_rows(learning, issues)})


def _finder() -> Callable[[TaskScores], Sequence[int]] | None:
    """Function that finds the label issues of a task; None if cleanlab is not installed."""
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        return None

    def find(task: TaskScores) -> Sequence[int]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about rare labels, which are included on purpose
            return task.issues(find_label_issues)

    return find


def _noise_line(task: TaskScores, issues: Sequence[int] | None) -> dict[str, Any]:
    return {
        "task": task.sample.task,
        "rows": task.sample.rows,
        "labels": len(task.sample.names),
        "macro_f1": task.reader_f1,
        "issues": None if issues is None else len(issues),
        "rate": None if issues is None else _share(task, issues),
        "note": "" if issues is not None else NOT_INSTALLED if task.reader_f1 >= LEARNT else NOT_LEARNT,
    }


def _share(task: TaskScores, issues: Sequence[int]) -> float:
    return round(len(issues) / len(task.sample.texts), 4)


def _rate(learning: Learning, issues: Issues) -> float | None:
    if not issues:
        return None
    tasks = [learning.tasks[at] for at in issues]
    shares = [_share(task, places) for task, places in zip(tasks, issues.values(), strict=True)]
    return round(float(np.average(shares, weights=[task.sample.rows for task in tasks])), 4)


def _noisiest_rows(learning: Learning, issues: Issues) -> list[WorstRow]:
    found = [(learning.tasks[at].own_odds(place), at, place) for at, places in issues.items() for place in places]
    return _worst_rows(learning.tasks, found)
