"""The models that are tried on a task, each judged on rows that it has not seen."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.signals.label_rows import Codes
from synthetic_textcat.pipelines.quality_report.signals.learning.samples import FOLDS
from synthetic_textcat.pipelines.quality_report.signals.learning.words import words_of

_STRENGTH = 10.0  # the inverse of the regularisation: TF-IDF rows are of length 1, so weights have to be large


def word_counts(texts: Sequence[str]) -> tuple[Any, list[str]]:
    """How often each text (a row) has each word (a column), sparse; and the words, in alphabetical order."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectoriser = CountVectorizer(analyzer=words_of)
    counts = vectoriser.fit_transform(texts)
    return counts, vectoriser.get_feature_names_out().tolist()


def reader_probabilities(counts: Any, labels: Codes, folds: Codes) -> NDArray[np.float64]:
    """Of each label for each row, by logistic regressions on TF-IDF of single words that learnt the other folds."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    features = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    model = OneVsRestClassifier(LogisticRegression(C=_STRENGTH, solver="liblinear", random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that stops early is no reader's concern
        return _held_out(model, features, labels, folds)


def length_guesses(counts: Any, texts: Sequence[str], labels: Codes, folds: Codes) -> Codes:
    """The label of each row by its length alone: a small decision tree on words and characters, both as logarithms."""
    from sklearn.tree import DecisionTreeClassifier

    lengths = np.log1p(np.column_stack([np.asarray(counts.sum(axis=1)).ravel(), [len(text) for text in texts]]))
    leaves = max(8, 2 * (labels.max() + 1))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=5, class_weight="balanced", random_state=0)
    return np.asarray(_held_out(tree, lengths, labels, folds).argmax(axis=1))


def macro_f1(labels: Codes, guessed: Codes) -> float:
    """Mean of the labels' F1 = 2 * hits / (rows of the label + guesses of it); 0 to 1. Four digits, on any machine."""
    from sklearn.metrics import f1_score

    return round(float(f1_score(labels, guessed, average="macro", zero_division=0)), 4)


def _held_out(model: Any, features: Any, labels: Codes, folds: Codes) -> NDArray[np.float64]:
    answers = np.zeros((len(labels), labels.max() + 1))
    for fold in range(FOLDS):
        held_out = folds == fold
        answers[held_out] = model.fit(features[~held_out], labels[~held_out]).predict_proba(features[held_out])
    return answers
