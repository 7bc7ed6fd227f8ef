"""Linear models of word counts: out-of-fold label probabilities, macro-F1 and its bootstrap."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.label_samples import FOLDS, Codes
from synthetic_textcat.text.words import word_features

_STRENGTH = 10.0  # the inverse of the regularisation: vectors of texts are of length 1, so weights have to be large
Floats = NDArray[np.float64]


def word_counts(texts: Sequence[str]) -> tuple[Any, list[str]]:
    """How often each text (a row) has each word (a column), sparse; and the words, in alphabetical order."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectoriser = CountVectorizer(analyzer=word_features)
    counts = vectoriser.fit_transform(texts)
    return counts, vectoriser.get_feature_names_out().tolist()


def reader_probabilities(counts: Any, labels: Codes, folds: Codes) -> NDArray[np.float64]:
    """Of each label for each row, by logistic regressions on TF-IDF of single words that learnt the other folds."""
    from sklearn.feature_extraction.text import TfidfTransformer

    features = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that stops early is no reader's concern
        return held_out(linear_model(), features, labels, folds)


def held_out(model: Any, features: Any, labels: Codes, folds: Codes) -> NDArray[np.float64]:
    """What the model, having learnt the other folds, says of each row: the probability of each label (columns)."""
    answers = np.zeros((len(labels), labels.max() + 1))
    for fold in range(FOLDS):
        asked = folds == fold
        answers[asked] = model.fit(features[~asked], labels[~asked]).predict_proba(features[asked])
    return answers


def linear_model() -> Any:
    """Logistic regressions, one a label against all others; the same numbers on any machine."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    return OneVsRestClassifier(LogisticRegression(C=_STRENGTH, solver="liblinear", random_state=0))


def macro_f1(labels: Codes, guessed: Codes) -> float:
    """Mean, over the labels that rows have, of F1 = 2 * hits / (rows of the label + guesses of it); 0 to 1.

    Four digits, which are the same on any machine.
    """
    from sklearn.metrics import f1_score

    known = np.unique(labels)
    return round(float(f1_score(labels, guessed, labels=known, average="macro", zero_division=0)), 4)


class Resampled:
    """The macro-F1 of many samples at once, over the labels that each has: rows count by their pair of label and guess.

    Args:
        labels, guessed: Of all rows.
    """

    def __init__(self, labels: Codes, guessed: Codes) -> None:
        kinds = int(max(labels.max(), guessed.max())) + 1
        pairs, self._pair_of = np.unique(labels * kinds + guessed, return_inverse=True)
        self._own, self._named = np.eye(kinds)[pairs // kinds], np.eye(kinds)[pairs % kinds]

    def __call__(self, rows: NDArray[np.int64], axis: int = -1) -> Floats:
        """Of each sample, whose rows are numbered along the axis."""
        samples = np.moveaxis(rows, axis, -1)
        flat = self._pair_of[samples.reshape(-1, samples.shape[-1])]
        kinds = len(self._own)
        numbered = flat + kinds * np.arange(len(flat))[:, None]
        counts = np.bincount(numbered.ravel(), minlength=kinds * len(flat)).reshape(len(flat), kinds)
        hits, own, named = (counts @ table for table in (self._own * self._named, self._own, self._named))
        f1 = 2 * hits / np.maximum(own + named, 1)
        there = own > 0
        means: Floats = (f1 * there).sum(axis=1) / there.sum(axis=1)
        return means.reshape(samples.shape[:-1])
