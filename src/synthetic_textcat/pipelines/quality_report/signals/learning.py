"""Everything that is learnt of the tasks, in one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.signals.models import length_guesses
from synthetic_textcat.pipelines.quality_report.signals.one_word import guesses, rules_of
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.text.label_rows import LabelRows
from synthetic_textcat.text.label_samples import TaskSample, task_samples
from synthetic_textcat.text.linear import macro_f1
from synthetic_textcat.text.linear_models import reader_probabilities, word_counts

TELLING = 0.3
"""From here on a word is named: it stands in at least so many more of the label's rows, as a share, than of others."""

_MOST_LISTED = 50


class TellingWord(NamedTuple):
    """A word that gives a label away.

    Attributes:
        word, label: Which.
        telling: Share of the label's rows that have the word, less the share of the other rows that have it.
        rows: Places in the sample of the label's rows that have the word.
    """

    word: str
    label: str
    telling: float
    rows: Sequence[int]


@dataclass(frozen=True)
class TaskLearning:
    """What models score on the sample of a task, each row asked of models that have not seen it.

    Attributes:
        sample: The rows.
        reader: Of a model of all words: the probability of each label (columns) for each row.
        reader_f1, length_f1, word_f1: Macro-F1 of that model, of length alone, and of one word a label. 0 to 1.
        words: Those that give a label away, the most telling first.
    """

    sample: TaskSample
    reader: NDArray[np.float64]
    reader_f1: float
    length_f1: float
    word_f1: float
    words: Sequence[TellingWord]

    @property
    def chance(self) -> float:
        """Macro-F1 to expect of guesses as frequent as the labels are: 1 / labels."""
        return round(1 / len(self.sample.names), 4)

    @property
    def length_gain(self) -> float:
        """How far length alone goes from chance to certain, 0 to 1."""
        return self._gain(self.length_f1)

    @property
    def word_gain(self) -> float:
        """The same of one word a label."""
        return self._gain(self.word_f1)

    def _gain(self, score: float) -> float:
        return max(0.0, (score - self.chance) / (1 - self.chance))

    @cached_property
    def majority_f1(self) -> float:
        """Macro-F1 of always naming the most frequent label: never above chance."""
        labels = self.sample.labels
        return macro_f1(labels, np.full_like(labels, np.bincount(labels).argmax()))


class Learning(NamedTuple):
    """Of all tasks.

    Attributes:
        tasks: Those that could be measured.
        without: The others, the largest first: task, rows, labels, note.
    """

    tasks: Sequence[TaskLearning]
    without: pd.DataFrame

    def mean(self, name: str) -> float | None:
        """The mean of an attribute over the measured tasks, each weighted by its accepted rows; None of no task."""
        if not self.tasks:
            return None
        weights = [task.sample.rows for task in self.tasks]
        return round(float(np.average([getattr(task, name) for task in self.tasks], weights=weights)), 4)

    def unmeasured(self, **values: Any) -> list[dict[str, Any]]:
        """Lines of a table for the largest of the other tasks: their note says why; `values` fill the rest."""
        return [
            {**{name: row[name] for name in ("task", "rows", "labels")}, **values, "note": row["note"]}
            for row in records_of(self.without.head(_MOST_LISTED))
        ]


def learn(rows: LabelRows, examples: pd.DataFrame, seed: int) -> Learning:
    """All that can be learnt of the accepted rows."""
    samples, without = task_samples(rows, examples, seed)
    return Learning([_task(sample) for sample in samples], without)


def _task(sample: TaskSample) -> TaskLearning:
    labels, folds = sample.labels, sample.folds
    counts, words = word_counts(sample.texts)
    present = counts.sign()
    reader = reader_probabilities(counts, labels, folds)
    return TaskLearning(
        sample=sample,
        reader=reader,
        reader_f1=macro_f1(labels, reader.argmax(axis=1)),
        length_f1=macro_f1(labels, length_guesses(counts, sample.texts, labels, folds)),
        word_f1=macro_f1(labels, guesses(present, labels, len(sample.names), folds)),
        words=_telling_words(present, words, sample),
    )


def _telling_words(present: Any, words: Sequence[str], sample: TaskSample) -> list[TellingWord]:
    rules = rules_of(present, sample.labels, len(sample.names))
    bears = present[:, rules.words].toarray() > 0
    named = [
        TellingWord(words[column], name, float(telling), np.flatnonzero(bears[:, at] & (sample.labels == at)).tolist())
        for at, (column, telling, name) in enumerate(zip(rules.words, rules.telling, sample.names, strict=True))
        if telling >= TELLING
    ]
    return sorted(named, key=lambda word: -word.telling)
