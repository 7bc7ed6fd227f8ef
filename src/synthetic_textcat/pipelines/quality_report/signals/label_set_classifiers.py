"""Simple classifiers of tasks with several labels a text: one for each label, against all rows without it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthetic_textcat.pipelines.quality_report.signals.task_scores import (
    FindIssues,
    Odds,
    TaskScores,
    distinctive_words,
    log_lengths,
    telling_shares,
)
from synthetic_textcat.text.label_samples import FOLDS, Codes
from synthetic_textcat.text.label_set_samples import LabelSetSample, Members
from synthetic_textcat.text.linear_models import held_out, macro_f1, micro_f1, reader_probabilities, word_counts

_YES = 0.5  # probability from which on a label is predicted
_DIGITS = 4


@dataclass(frozen=True)
class SetLearning(TaskScores):
    """Scores on a task with several labels a text.

    Attributes:
        micro_f1: Micro-F1 of the linear model: F1 over all pairs of row and label. 0 to 1.
    """

    sample: LabelSetSample
    micro_f1: float

    @property
    def chance(self) -> float:
        """Expected macro-F1 of guesses by label frequency: the mean share of rows with a label."""
        return round(float(self.sample.members.mean(axis=0).mean()), _DIGITS)

    @property
    def majority_f1(self) -> float:
        """Macro-F1 of the answer that each row has the labels that most rows have."""
        members = self.sample.members
        return _macro_f1(members, np.broadcast_to(members.mean(axis=0) > _YES, members.shape))

    def doubted(self) -> Iterator[int]:
        """Positions of the rows with another label set than the linear model predicts."""
        differs = (self.reader > _YES) != self.sample.members
        yield from np.flatnonzero(differs.any(axis=1)).tolist()

    def own_odds(self, place: int) -> float:
        """Probability of the row's least likely answer: that it has a label, or has it not."""
        return float(self._own(place).min())

    def doubt(self, place: int) -> str:
        """Detail of a doubtful row: the labels that the model takes from it or gives it, with their probabilities."""
        own, members = self._own(place), self.sample.members[place]
        worst = [int(label) for label in np.argsort(own, kind="stable") if own[label] <= _YES]
        said = [
            f"model {'misses' if members[label] else 'adds'} {self.sample.names[label]!r} ({1 - own[label]:.2f})"
            for label in worst or [int(own.argmin())]
        ]
        return ", ".join(said)

    def issues(self, find: FindIssues) -> Sequence[int]:
        """Positions of probable label errors, the least likely label first."""
        labels = [np.flatnonzero(row).tolist() for row in self.sample.members]
        odds = np.round(self.reader, 6)
        found = find(labels, odds, multi_label=True, return_indices_ranked_by="self_confidence", n_jobs=1)
        return [int(place) for place in found]

    def _own(self, place: int) -> Odds:
        odds = self.reader[place]
        own: Odds = np.round(np.where(self.sample.members[place], odds, 1 - odds), 6)
        return own


def learn_set(sample: LabelSetSample) -> SetLearning:
    """Classifiers fitted on the sample of a task."""
    members, folds = sample.members, sample.folds
    counts, words = word_counts(sample.texts)
    present = counts.sign()
    reader = reader_probabilities(counts, members.astype(np.int64), folds)
    rules = telling_shares(present, members.astype(np.float64))
    columns = rules.argmax(axis=0)
    telling = rules[columns, np.arange(members.shape[1])]
    hits = (present[:, columns].toarray() > 0) & members
    return SetLearning(
        sample=sample,
        reader=reader,
        reader_f1=_macro_f1(members, reader > _YES),
        length_f1=_macro_f1(members, _by_length(counts, sample.texts, members, folds)),
        word_f1=_macro_f1(members, _by_word(present, members, folds)),
        words=distinctive_words(telling, columns.tolist(), words, hits, sample.names),
        micro_f1=micro_f1(members.astype(np.int64), (reader > _YES).astype(np.int64)),
    )


def _macro_f1(members: Members, guessed: Members) -> float:
    return macro_f1(members.astype(np.int64), guessed.astype(np.int64))


def _by_length(counts: Any, texts: Sequence[str], members: Members, folds: Codes) -> Members:
    """Labels predicted from length alone: a small decision tree for each label, on logarithms of its two measures."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=5, class_weight="balanced", random_state=0)
    return held_out(OneVsRestClassifier(tree), log_lengths(counts, texts), members.astype(np.int64), folds) > _YES


def _by_word(present: Any, members: Members, folds: Codes) -> Members:
    """Labels predicted by one-word rules, fitted on the other folds: a row has a label if it has the label's word."""
    guessed = np.zeros(members.shape, bool)
    for fold in range(FOLDS):
        asked = folds == fold
        columns = telling_shares(present[~asked], members[~asked].astype(np.float64)).argmax(axis=0)
        guessed[asked] = present[asked][:, columns].toarray() > 0
    return guessed
