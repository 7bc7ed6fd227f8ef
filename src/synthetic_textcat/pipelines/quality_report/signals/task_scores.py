"""Scores of simple classifiers on a task, whether its texts have one label each or several."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.label_samples import TaskSample
from synthetic_textcat.text.label_set_samples import LabelSetSample

TELLING = 0.3
"""Minimum difference for a listed word: its share of the label's rows minus its share of the other rows."""

Odds = NDArray[np.float64]
FindIssues = Callable[..., Any]
"""`find_label_issues` of cleanlab."""


class TellingWord(NamedTuple):
    """Word that predicts a label.

    Attributes:
        word, label: The word and its label.
        telling: Share of the label's rows with the word, minus the share of the other rows with it.
        rows: Positions in the sample of the label's rows with the word.
    """

    word: str
    label: str
    telling: float
    rows: Sequence[int]


def distinctive_words(
    telling: Odds, columns: Sequence[int], words: Sequence[str], hits: NDArray[np.bool_], names: Sequence[str]
) -> list[TellingWord]:
    """The word of each label that tells enough, the most telling first.

    Args:
        telling: How telling the word of each label is.
        columns: Column of each label's word.
        words: All words.
        hits: Rows of each label (across) with its word.
        names: The labels.
    """
    named = [
        TellingWord(words[column], name, float(share), np.flatnonzero(hits[:, at]).tolist())
        for at, (column, share, name) in enumerate(zip(columns, telling, names, strict=True))
        if share >= TELLING
    ]
    return sorted(named, key=lambda word: -word.telling)


def telling_shares(present: Any, own: Odds) -> Odds:
    """Share of each label's rows (across) with each word (down), minus the share of the other rows with it, -1 to 1.

    Args:
        present: Sparse matrix of texts (rows) and words (columns): 1 if the text contains the word.
        own: 1 if the text (down) has the label (across).
    """
    with_word, sizes = np.asarray(present.T @ own), own.sum(axis=0)
    of_others = np.asarray(present.sum(axis=0)).reshape(-1, 1) - with_word
    shares: Odds = with_word / np.maximum(sizes, 1) - of_others / np.maximum(len(own) - sizes, 1)
    return shares


def log_lengths(counts: Any, texts: Sequence[str]) -> Odds:
    """Logarithms of the words and characters of each text.

    Args:
        counts: Sparse matrix of the words of each text.
        texts: The texts.
    """
    lengths: Odds = np.log1p(np.column_stack([np.asarray(counts.sum(axis=1)).ravel(), [len(text) for text in texts]]))
    return lengths


@dataclass(frozen=True)
class TaskScores(ABC):
    """Cross-validated scores of the classifiers on the sample of a task.

    Attributes:
        sample: The rows.
        reader: Linear model on all words: probability of each label (columns) for each row.
        reader_f1, length_f1, word_f1: Macro-F1 of that model, of length alone, and of one word per label. 0 to 1.
        words: Words that predict a label, the most telling first.
    """

    sample: TaskSample | LabelSetSample
    reader: Odds
    reader_f1: float
    length_f1: float
    word_f1: float
    words: Sequence[TellingWord]

    @property
    @abstractmethod
    def chance(self) -> float:
        """Expected macro-F1 of random guesses by label frequency."""

    @property
    @abstractmethod
    def majority_f1(self) -> float:
        """Macro-F1 of the best answer that is the same for each row."""

    @abstractmethod
    def doubted(self) -> Iterator[int]:
        """Positions of the rows whose labels are not those that the linear model predicts."""

    @abstractmethod
    def own_odds(self, place: int) -> float:
        """Probability of the row's own label, or the lowest of its answers about each label."""

    @abstractmethod
    def doubt(self, place: int) -> str:
        """Detail of a doubtful row: predicted and own labels with their probabilities."""

    @abstractmethod
    def issues(self, find: FindIssues) -> Sequence[int]:
        """Positions of probable label errors, the least likely label first."""

    @property
    def length_gain(self) -> float:
        """Share of the gap between chance and a perfect score that length alone closes, 0 to 1."""
        return self._gain(self.length_f1)

    @property
    def word_gain(self) -> float:
        """Gain over chance by one word per label, as a share of the way to certain."""
        return self._gain(self.word_f1)

    def _gain(self, score: float) -> float:
        return max(0.0, (score - self.chance) / (1 - self.chance))
