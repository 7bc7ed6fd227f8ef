"""The models that are tried on a task, each judged on rows that it has not seen."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.learners.folds import FOLDS, Codes
from synthetic_textcat.learners.linear import linear_model
from synthetic_textcat.learners.words import words_of


def word_counts(texts: Sequence[str]) -> tuple[Any, list[str]]:
    """How often each text (a row) has each word (a column), sparse; and the words, in alphabetical order."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectoriser = CountVectorizer(analyzer=words_of)
    counts = vectoriser.fit_transform(texts)
    return counts, vectoriser.get_feature_names_out().tolist()


def reader_probabilities(counts: Any, labels: Codes, folds: Codes) -> NDArray[np.float64]:
    """Of each label for each row, by logistic regressions on TF-IDF of single words that learnt the other folds."""
    from sklearn.feature_extraction.text import TfidfTransformer

    features = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that stops early is no reader's concern
        return _held_out(linear_model(), features, labels, folds)


def length_guesses(counts: Any, texts: Sequence[str], labels: Codes, folds: Codes) -> Codes:
    """The label of each row by its length alone: a small decision tree on words and characters, both as logarithms."""
    from sklearn.tree import DecisionTreeClassifier

    lengths = np.log1p(np.column_stack([np.asarray(counts.sum(axis=1)).ravel(), [len(text) for text in texts]]))
    leaves = max(8, 2 * (labels.max() + 1))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=5, class_weight="balanced", random_state=0)
    return np.asarray(_held_out(tree, lengths, labels, folds).argmax(axis=1))


def _held_out(model: Any, features: Any, labels: Codes, folds: Codes) -> NDArray[np.float64]:
    answers = np.zeros((len(labels), labels.max() + 1))
    for fold in range(FOLDS):
        held_out = folds == fold
        answers[held_out] = model.fit(features[~held_out], labels[~held_out]).predict_proba(features[held_out])
    return answers
