"""Linear models of word counts: out-of-fold label probabilities, macro- and micro-F1, and those of resampled rows."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.label_samples import FOLDS, Codes
from synthetic_textcat.text.words import word_features

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

_STRENGTH = 10.0  # inverse regularisation strength: text vectors have length 1, so weights must be large
Floats = NDArray[np.float64]
Labels = NDArray[np.integer[Any]]
"""A label code of each row, or a multi-hot matrix (two dimensions)."""


def word_counts(texts: Sequence[str]) -> tuple[Any, list[str]]:
    """Sparse matrix of word counts (rows: texts, columns: words), and the words in alphabetical order."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectoriser = CountVectorizer(analyzer=word_features)
    counts = vectoriser.fit_transform(texts)
    return counts, vectoriser.get_feature_names_out().tolist()


def reader_probabilities(counts: Any, labels: Labels, folds: Codes) -> NDArray[np.float64]:
    """Out-of-fold probability of each label for each row, by logistic regression on TF-IDF of single words."""
    from sklearn.feature_extraction.text import TfidfTransformer

    features = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # early stopping of a fit does not matter here
        return held_out(linear_model(), features, labels, folds)


def held_out(model: Any, features: Any, labels: Labels, folds: Codes) -> NDArray[np.float64]:
    """Out-of-fold predictions: each row's probability of each label (columns), from a model of the other folds."""
    answers = np.zeros(labels.shape if _are_sets(labels) else (len(labels), labels.max() + 1))
    for fold in range(FOLDS):
        asked = folds == fold
        answers[asked] = fitted(model, features[~asked], labels[~asked]).predict_proba(features[asked])
    return answers


def fitted(model: Any, features: Any, labels: NDArray[Any]) -> Any:
    """The model, fitted with one thread of the numerical libraries.

    Liblinear calls them at each step, on vectors as long as the vocabulary; from 10,000 words on OpenBLAS shares each
    call among threads, which wait for one another: 31 times the CPU time on a busy machine. The order of a sum, and so
    its last digit, then does not depend on the number of cores either.
    """
    with _numerical_libraries().limit(limits=1):
        return model.fit(features, labels)


@cache
def _numerical_libraries() -> "ThreadpoolController":
    """The numerical libraries of this process, listed once: listing them takes as long as the fit of a small model."""
    import sklearn.linear_model  # noqa: F401  loads all that fits call
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def fits_in_threads() -> Iterator[None]:
    """Settings of the process for models that are fitted by several threads: one numerical thread each, no warnings.

    Each fit sets and restores both, for all threads. With the same settings around them, none restores others.
    """
    with _numerical_libraries().limit(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def linear_model() -> Any:
    """One-vs-rest logistic regression, with the same results on any machine; it learns codes or a multi-hot matrix."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    return OneVsRestClassifier(LogisticRegression(C=_STRENGTH, solver="liblinear", random_state=0))


def macro_f1(labels: Labels, guessed: Labels) -> float:
    """Macro-F1: the mean of F1 = 2 * hits / (rows of the label + predictions of it) over labels with rows; 0 to 1.

    Rounded to four digits, which are the same on any machine. Of rows that have no label at all it is 0.

    Args:
        labels: Label of each row: codes, or a multi-hot matrix for several labels a text.
        guessed: Prediction for each row, in the same form.
    """
    from sklearn.metrics import f1_score

    known = np.flatnonzero(labels.any(axis=0)) if _are_sets(labels) else np.unique(labels)
    if not len(known):
        return 0.0
    return round(float(f1_score(labels, guessed, labels=known, average="macro", zero_division=0)), 4)


def micro_f1(labels: Labels, guessed: Labels) -> float:
    """Micro-F1 of label sets: 2 * hits / (labels of all rows + labels predicted), 0 to 1; to four digits.

    A row of no label counts by the labels that are predicted for it. Without any label and prediction it is 0.
    """
    from sklearn.metrics import f1_score

    return round(float(f1_score(labels, guessed, average="micro", zero_division=0)), 4)


def _are_sets(labels: Labels) -> bool:
    return labels.ndim > 1


class Resampled:
    """Vectorised F1 of many resamples, from counts of pairs of label and prediction.

    Args:
        labels, guessed: Label and prediction of each row: codes, or multi-hot matrices.
    """

    def __init__(self, labels: Labels, guessed: Labels) -> None:
        if _are_sets(labels):
            kinds = labels.shape[1]
            pairs, pair_of = np.unique(np.hstack([labels, guessed]), axis=0, return_inverse=True)
            self._pair_of = pair_of.ravel()
            self._own, self._named = pairs[:, :kinds].astype(float), pairs[:, kinds:].astype(float)
            return
        kinds = int(max(labels.max(), guessed.max())) + 1
        pairs, self._pair_of = np.unique(labels * kinds + guessed, return_inverse=True)
        self._own, self._named = np.eye(kinds)[pairs // kinds], np.eye(kinds)[pairs % kinds]

    def __call__(self, rows: NDArray[np.int64], axis: int = -1) -> Floats:
        """The macro-F1 of each resample, over the labels in it; row numbers run along the axis."""
        (hits, own, named), shape = self._counts(rows, axis)
        f1 = 2 * hits / np.maximum(own + named, 1)
        there = own > 0
        means: Floats = (f1 * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return means.reshape(shape)

    def micro(self, rows: NDArray[np.int64], axis: int = -1) -> Floats:
        """The micro-F1 of each resample."""
        (hits, own, named), shape = self._counts(rows, axis)
        f1: Floats = 2 * hits.sum(axis=1) / np.maximum((own + named).sum(axis=1), 1)
        return f1.reshape(shape)

    def _counts(self, rows: NDArray[np.int64], axis: int) -> tuple[list[Floats], tuple[int, ...]]:
        """Hits, rows and predictions of each label (columns) in each resample, and the shape of the resamples."""
        samples = np.moveaxis(rows, axis, -1)
        flat = self._pair_of[samples.reshape(-1, samples.shape[-1])]
        pairs = len(self._own)
        numbered = flat + pairs * np.arange(len(flat))[:, None]
        counts = np.bincount(numbered.ravel(), minlength=pairs * len(flat)).reshape(len(flat), pairs)
        return [counts @ table for table in (self._own * self._named, self._own, self._named)], samples.shape[:-1]
