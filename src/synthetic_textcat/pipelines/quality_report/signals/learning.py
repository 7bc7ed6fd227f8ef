"""Simple models of each task's labels, fitted once and shared by the signals: reader, baselines, one-word rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.text.label_samples import FOLDS, Codes, LabelRows, TaskSample, task_samples
from synthetic_textcat.text.linear_models import held_out, macro_f1, reader_probabilities, word_counts

TELLING = 0.3
"""From here on a word is named: it stands in at least so many more of the label's rows, as a share, than of others."""

_MOST_LISTED = 50
Flags = NDArray[np.bool_]


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
        """Macro-F1 to expect of predictions as frequent as the labels are: 1 / labels."""
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
        length_f1=macro_f1(labels, length_predictions(counts, sample.texts, labels, folds)),
        word_f1=macro_f1(labels, predictions(present, labels, len(sample.names), folds)),
        words=_telling_words(present, words, sample),
    )


def _telling_words(present: Any, words: Sequence[str], sample: TaskSample) -> list[TellingWord]:
    rules = fit_rules(present, sample.labels, len(sample.names))
    bears = present[:, rules.words].toarray() > 0
    named = [
        TellingWord(words[column], name, float(telling), np.flatnonzero(bears[:, at] & (sample.labels == at)).tolist())
        for at, (column, telling, name) in enumerate(zip(rules.words, rules.telling, sample.names, strict=True))
        if telling >= TELLING
    ]
    return sorted(named, key=lambda word: -word.telling)


def length_predictions(counts: Any, texts: Sequence[str], labels: Codes, folds: Codes) -> Codes:
    """The label of each row by its length alone: a small decision tree on words and characters, both as logarithms."""
    from sklearn.tree import DecisionTreeClassifier

    lengths = np.log1p(np.column_stack([np.asarray(counts.sum(axis=1)).ravel(), [len(text) for text in texts]]))
    leaves = max(8, 2 * (labels.max() + 1))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=5, class_weight="balanced", random_state=0)
    return np.asarray(held_out(tree, lengths, labels, folds).argmax(axis=1))


class Rules(NamedTuple):
    """One word for each label.

    Attributes:
        words: The column of each label's word.
        telling: How much it tells: its share of the label's rows less its share of the other rows, -1 to 1.
    """

    words: Codes
    telling: NDArray[np.float64]


def fit_rules(present: Any, labels: Codes, kinds: int) -> Rules:
    """The most telling word of each label; of equal ones the first of the alphabet.

    Args:
        present: Sparse, a row for each text and a column for each word: 1 where the text has the word.
        labels: Of the texts, as numbers below `kinds`.
        kinds: How many labels there are.
    """
    own = np.eye(kinds)[labels]
    with_word = present.T @ own
    all_with_word = with_word.sum(axis=1, keepdims=True)
    sizes = own.sum(axis=0)
    telling = with_word / sizes - (all_with_word - with_word) / (len(labels) - sizes)
    words = telling.argmax(axis=0)
    return Rules(words, telling[words, np.arange(kinds)])


def predictions(present: Any, labels: Codes, kinds: int, folds: Codes) -> Codes:
    """The label that the rules give to each row, learnt from the other folds.

    A row with several labels' words gets the label whose word tells most; one with none of them the label that is most
    frequent among such rows.
    """
    guessed = np.empty_like(labels)
    for fold in range(FOLDS):
        held_out = folds == fold
        learnt, known = present[~held_out], labels[~held_out]
        rules = fit_rules(learnt, known, kinds)
        without_word = known[~_bears(learnt, rules).any(axis=1)]
        fallback = np.bincount(without_word if len(without_word) else known).argmax()
        bears = _bears(present[held_out], rules)
        guessed[held_out] = np.where(bears.any(axis=1), (bears * (rules.telling + 1)).argmax(axis=1), fallback)
    return guessed


def _bears(present: Any, rules: Rules) -> Flags:
    return np.asarray(present[:, rules.words].toarray() > 0)
