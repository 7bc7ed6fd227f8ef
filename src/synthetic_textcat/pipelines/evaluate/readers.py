"""The classifiers that are trained and tried: what they read of a text, and how they name labels."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from synthetic_textcat.text.folds import Codes
from synthetic_textcat.text.linear import linear_model
from synthetic_textcat.text.words_words import words_of

_RARE_COUNTS_BELOW = 100  # texts: with more, what stands in one of them alone is left out


class Reader(NamedTuple):
    """A kind of classifier.

    Attributes:
        prepare: Makes of texts what it reads: an array, an item a text.
        model: A fresh model with `fit` and `predict`, to learn so many texts.
    """

    prepare: Callable[[Sequence[str]], Any]
    model: Callable[[int], Any]


def reader_of_grams() -> Reader:
    """Without any weights: TF-IDF of words, their pairs, and pieces of 2 to 4 characters; a linear model on it."""
    return Reader(lambda texts: np.array(texts, dtype=object), _model_of_grams)


def reader_of_embeddings(embed: Callable[[Sequence[str]], Any]) -> Reader:
    """The embeddings of a model that somebody trained, as it is; a linear model on them."""
    return Reader(embed, lambda _: linear_model())


def guesses(reader: Reader, learnt: Any, labels: Codes, asked: Any) -> Codes:
    """The labels that a fresh model, having learnt these, gives to what it is asked."""
    if not len(asked) or len(np.unique(labels)) == 1:
        return np.full(len(asked), labels[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that stops early is no reader's concern
        return np.asarray(reader.model(len(labels)).fit(learnt, labels).predict(asked), dtype=np.int64)


def held_out_guesses(reader: Reader, prepared: Any, labels: Codes, folds: Codes) -> Codes:
    """The label of each row by a model that learnt the other folds."""
    guessed = np.empty_like(labels)
    for fold in np.unique(folds):
        held_out = folds == fold
        guessed[held_out] = guesses(reader, prepared[~held_out], labels[~held_out], prepared[held_out])
    return guessed


def _model_of_grams(texts: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union

    settings = {"sublinear_tf": True, "min_df": 1 if texts < _RARE_COUNTS_BELOW else 2}
    words = TfidfVectorizer(tokenizer=words_of, token_pattern=None, lowercase=False, ngram_range=(1, 2), **settings)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), **settings)
    return make_pipeline(make_union(words, pieces), linear_model())
