"""The model that reads: word counts in, the labels of rows that it has not seen out."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.folds import FOLDS, Codes
from synthetic_textcat.text.linear import linear_model
from synthetic_textcat.text.words_words import words_of


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
        return held_out(linear_model(), features, labels, folds)


def held_out(model: Any, features: Any, labels: Codes, folds: Codes) -> NDArray[np.float64]:
    """What the model, having learnt the other folds, says of each row: the probability of each label (columns)."""
    answers = np.zeros((len(labels), labels.max() + 1))
    for fold in range(FOLDS):
        asked = folds == fold
        answers[asked] = model.fit(features[~asked], labels[~asked]).predict_proba(features[asked])
    return answers
