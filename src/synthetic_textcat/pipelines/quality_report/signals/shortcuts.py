"""What a model could learn without reading: from a label's length, a text's length, or one word."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.learning import TaskLearning
from synthetic_textcat.pipelines.quality_report.signals.measured import WORST, Measured, WorstRow
from synthetic_textcat.text.label_rows import LabelRows

_WORDS_NAMED = 5
_Z = 1.959963984540054  # the normal distribution's 97.5 % point


def shortcuts(corpus: Corpus) -> Measured:
    """How far each shortcut leads, beside chance; the nearer to it, the more a model has to read.

    Metrics, macro-F1 (0 to 1) on rows that were not learnt from, means over the measured tasks by their rows:
    `shortcut/majority` (always the most frequent label), `shortcut/length` (a small decision tree on the text's length
    in words and characters), `shortcut/word` (one word for each label). And over all rows whose two labels differ in
    length: `shortcut/longer_label`, the share whose label is longer than the misleading one (unbiased: about 0.5),
    with the 95 % Wilson interval `shortcut/longer_label_low` and `shortcut/longer_label_high`, and
    `shortcut/longer_side`, the lower end of that interval for the share or the rest, whichever is the larger: at least
    so many, chance aside.
    `shortcut/length_gain` and `shortcut/word_gain`: how far the two go from chance to certain, the mean of
    (macro-F1 - chance) / (1 - chance), at least 0.
    Table `shortcuts`: task, rows (accepted), labels (that have rows enough), chance (1 / labels), majority, length,
    word_score, words ("refund → billing", the most telling first). Worst: rows of the
    task with the most telling word that this word alone classifies.
    """
    learning = corpus.learning
    metrics = {
        "shortcut/majority": learning.mean("majority_f1"),
        "shortcut/length": learning.mean("length_f1"),
        "shortcut/length_gain": learning.mean("length_gain"),
        "shortcut/word": learning.mean("word_f1"),
        "shortcut/word_gain": learning.mean("word_gain"),
        **_longer_label(corpus.label_rows),
    }
    by_score = sorted(learning.tasks, key=lambda task: -task.word_f1)
    return Measured(metrics, {"shortcuts": [_line(task) for task in by_score]}, {"shortcuts": _worst(learning.tasks)})


def _longer_label(rows: LabelRows) -> Metrics:
    lengths = np.array([len(name) for name in rows.names], dtype=np.int64)
    own, other = lengths[rows.label], lengths[rows.misleading]
    unequal = int((own != other).sum())
    if not unequal:
        return dict.fromkeys(f"shortcut/longer_{end}" for end in ("label", "side", "label_low", "label_high"))
    share = int((own > other).sum()) / unequal
    low, high = _wilson(share, unequal)
    return {
        "shortcut/longer_label": round(share, 4),
        "shortcut/longer_side": round(max(low, 1 - high), 4),
        "shortcut/longer_label_low": round(low, 4),
        "shortcut/longer_label_high": round(high, 4),
    }


def _wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); scipy.stats has it too, at a second of import."""
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    reach = _Z / (1 + _Z**2 / count) * sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _line(task: TaskLearning) -> dict[str, Any]:
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


def _worst(tasks: Sequence[TaskLearning]) -> list[WorstRow]:
    telling = [task for task in tasks if task.words]
    if not telling:
        return []
    task = max(telling, key=lambda task: task.words[0].telling)
    word = task.words[0]
    detail = f"the word {word.word!r} alone gives away {word.label!r}"
    return [WorstRow(request_id=task.sample.request_ids[place], detail=detail) for place in word.rows[:WORST]]
