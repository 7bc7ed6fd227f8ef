"""Simple classifiers of each task's labels, fitted once for all signals: linear model, length, one word per label."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.signals.label_set_classifiers import learn_set
from synthetic_textcat.pipelines.quality_report.signals.task_scores import (
    FindIssues,
    TaskScores,
    TellingWord,
    distinctive_words,
    log_lengths,
    telling_shares,
)
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.text.batches import Batches
from synthetic_textcat.text.label_samples import FOLDS, Codes, LabelRows, TaskSample, task_samples
from synthetic_textcat.text.label_set_samples import LabelSetRows, label_set_samples
from synthetic_textcat.text.linear_models import fits_in_threads, held_out, macro_f1, reader_probabilities, word_counts

_MOST_LISTED = 50
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class TaskLearning(TaskScores):
    """Scores on a task with one label a text."""

    sample: TaskSample

    @property
    def chance(self) -> float:
        """Expected macro-F1 of random guesses by label frequency: 1 / labels."""
        return round(1 / len(self.sample.names), 4)

    @cached_property
    def majority_f1(self) -> float:
        """Macro-F1 of the majority baseline: never above chance."""
        labels = self.sample.labels
        return macro_f1(labels, np.full_like(labels, np.bincount(labels).argmax()))

    def doubted(self) -> Iterator[int]:
        """Positions of the rows with another label than the linear model predicts."""
        yield from np.flatnonzero(self.reader.argmax(axis=1) != self.sample.labels).tolist()

    def own_odds(self, place: int) -> float:
        """Probability of the row's own label."""
        return round(float(self.reader[place, self.sample.labels[place]]), 6)

    def doubt(self, place: int) -> str:
        """Detail of a doubtful row: predicted label and own label with their probabilities."""
        odds, own = self.reader[place], self.sample.labels[place]
        best, names = int(odds.argmax()), self.sample.names
        return f"model says {names[best]!r} ({odds[best]:.2f}), label is {names[own]!r} ({odds[own]:.2f})"

    def issues(self, find: FindIssues) -> Sequence[int]:
        """Positions of probable label errors, the least likely label first."""
        odds = np.round(self.reader, 6)
        shares = odds / odds.sum(axis=1, keepdims=True)
        found = find(self.sample.labels, shares, return_indices_ranked_by="self_confidence", n_jobs=1)
        return [int(place) for place in found]


class Learning(NamedTuple):
    """Classifier scores of all tasks.

    Attributes:
        tasks: The measured tasks.
        without: The other tasks, the largest first: task, rows, labels, note.
    """

    tasks: Sequence[TaskScores]
    without: pd.DataFrame

    def mean(self, name: str) -> float | None:
        """Mean of an attribute over the measured tasks, weighted by accepted rows; None without a measured task."""
        if not self.tasks:
            return None
        weights = [task.sample.rows for task in self.tasks]
        return round(float(np.average([getattr(task, name) for task in self.tasks], weights=weights)), 4)

    def unmeasured(self, **values: Any) -> list[dict[str, Any]]:
        """Table rows for the largest unmeasured tasks, with the reason as note; `values` fill the other columns."""
        return [
            {**{name: row[name] for name in ("task", "rows", "labels")}, **values, "note": row["note"]}
            for row in records_of(self.without.head(_MOST_LISTED))
        ]


def learn(
    rows: LabelRows,
    single_label: Batches,
    set_rows: LabelSetRows,
    examples: Batches,
    sentences: Sequence[str],
    seed: int,
) -> Learning:
    """Classifiers fitted on samples of the accepted rows of each task, in threads: a fit needs no interpreter.

    Args:
        rows: Tasks and labels of the rows with one label.
        single_label: These rows.
        set_rows: Tasks and label sets of the rows with several labels.
        examples: All accepted rows.
        sentences: Sentence of each task of `set_rows`.
        seed: Of the samples.
    """
    of_one = task_samples(rows, single_label, seed)
    of_several = label_set_samples(set_rows, examples, sentences, seed)
    with fits_in_threads(), ThreadPoolExecutor(os.cpu_count()) as threads:
        tasks = [*threads.map(_task, of_one.samples), *threads.map(learn_set, of_several.samples)]
    without = of_one.without
    if len(of_several.without):
        without = pd.concat([without, of_several.without]).sort_values("rows", ascending=False, kind="stable")
    return Learning(tasks, without)


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
        words=_distinctive_words(present, words, sample),
    )


def _distinctive_words(present: Any, words: Sequence[str], sample: TaskSample) -> list[TellingWord]:
    rules = fit_rules(present, sample.labels, len(sample.names))
    is_own = sample.labels[:, None] == np.arange(len(sample.names))
    hits = (present[:, rules.words].toarray() > 0) & is_own
    return distinctive_words(rules.telling, rules.words.tolist(), words, hits, sample.names)


def length_predictions(counts: Any, texts: Sequence[str], labels: Codes, folds: Codes) -> Codes:
    """Labels predicted from length alone: a small decision tree on the logarithms of words and characters."""
    from sklearn.tree import DecisionTreeClassifier

    leaves = max(8, 2 * (labels.max() + 1))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=5, class_weight="balanced", random_state=0)
    return np.asarray(held_out(tree, log_lengths(counts, texts), labels, folds).argmax(axis=1))


class Rules(NamedTuple):
    """One-word rule for each label.

    Attributes:
        words: Column of each label's word.
        telling: Share of the label's rows with the word minus the share of the other rows with it, -1 to 1.
    """

    words: Codes
    telling: NDArray[np.float64]


def fit_rules(present: Any, labels: Codes, kinds: int) -> Rules:
    """Most telling word of each label; ties go to the first in the alphabet.

    Args:
        present: Sparse matrix of texts (rows) and words (columns): 1 if the text contains the word.
        labels: Label codes of the texts, below `kinds`.
        kinds: Number of labels.
    """
    telling = telling_shares(present, np.eye(kinds)[labels])
    words = telling.argmax(axis=0)
    return Rules(words, telling[words, np.arange(kinds)])


def predictions(present: Any, labels: Codes, kinds: int, folds: Codes) -> Codes:
    """Labels predicted by one-word rules, fitted on the other folds.

    A row with the words of several labels gets the label with the most telling word; a row without any gets the most
    frequent label among such rows.
    """
    guessed = np.empty_like(labels)
    for fold in range(FOLDS):
        held_out = folds == fold
        learnt, known = present[~held_out], labels[~held_out]
        rules = fit_rules(learnt, known, kinds)
        without_word = known[~_contains(learnt, rules).any(axis=1)]
        fallback = np.bincount(without_word if len(without_word) else known).argmax()
        contains = _contains(present[held_out], rules)
        guessed[held_out] = np.where(contains.any(axis=1), (contains * (rules.telling + 1)).argmax(axis=1), fallback)
    return guessed


def _contains(present: Any, rules: Rules) -> Flags:
    return np.asarray(present[:, rules.words].toarray() > 0)
