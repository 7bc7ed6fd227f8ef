"""Scoring of classifiers trained on synthetic rows: F1 with a bootstrap interval, next to baselines."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from synthetic_textcat.pipelines.evaluate.train_test_sets import Rows, Trial
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.bootstrap import bootstrapped, percentile_interval
from synthetic_textcat.text.label_samples import FEWEST_OF_A_LABEL, FEWEST_ROWS, Codes, folds_of
from synthetic_textcat.text.linear_models import (
    Floats,
    Labels,
    Resampled,
    fitted,
    linear_model,
    macro_f1,
    micro_f1,
)
from synthetic_textcat.text.words import word_features

SIZES = (25, 50, 100, 250, 500, 1_000, 2_500)
"""Rows of a task that are learnt from, for the curve, as far as there are so many; the same of any two runs."""

FEW_ROWS = f"a score of under {FEWEST_ROWS} rows, or under {FEWEST_OF_A_LABEL} for each label, is unreliable"
"""Caveat of a score for which `are_few` holds."""

_DIGITS = 4
_RARE_COUNTS_BELOW = 100  # texts: with more, what stands in one of them alone is left out


class F1(NamedTuple):
    """An F1 with those of resamples, 0 to 1.

    Attributes:
        value: Of all rows.
        drawn: Of each bootstrap resample; of a single row none.
    """

    value: float
    drawn: Floats

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """Ends of the interval for more such rows at `CONFIDENCE`; None for a single row."""
        return percentile_interval(self.drawn)


class Score(NamedTuple):
    """Macro-F1, 0 to 1, as `text.linear_models` defines it; with several labels a text also micro-F1.

    Attributes:
        rows: How many it is of.
        macro_f1: Of all of them.
        drawn: Of each bootstrap resample; of a single row none.
        micro: None for tasks with one label a text, where it is the accuracy.
    """

    rows: int
    macro_f1: float
    drawn: Floats
    micro: F1 | None = None

    @property
    def low(self) -> float | None:
        """Lower end of the interval for more such rows at `CONFIDENCE`; None for a single row."""
        return percentile_interval(self.drawn)[0]

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""
        return percentile_interval(self.drawn)[1]


@dataclass(frozen=True)
class Tried:
    """The scores of one task; None where there are no rows for it.

    Attributes:
        trial: What was learnt and asked.
        held_out: On held-out synthetic rows.
        real: On the real rows.
        majority: Macro-F1, on the real rows, of always naming their most frequent label (set).
        on_real: On the same real rows, each by a model that learnt four fifths of the others.
        curve: Rows learnt from and the score on the real rows, the fewest first; the last has all.
        predicted: Labels that the model of all synthetic rows gives to each real row, in the form of `Rows.labels`.
    """

    trial: Trial
    held_out: Score | None = None
    real: Score | None = None
    majority: float | None = None
    on_real: Score | None = None
    curve: tuple[tuple[int, Score], ...] = field(default=())
    predicted: Labels | None = None


class Reader(NamedTuple):
    """A kind of classifier.

    Attributes:
        prepare: Makes of texts what it reads: an array, an item a text.
        model: A fresh model with `fit` and `predict`, to learn so many texts.
    """

    prepare: Callable[[Sequence[str]], Any]
    model: Callable[[int], Any]


def try_task(trial: Trial, reader: Reader, seed: int) -> Tried:
    """All scores of a task that can be had."""
    if not trial.is_learnable:
        return Tried(trial)
    train, held_out, real = (reader.prepare(rows.texts) for rows in (trial.train, trial.held_out, trial.real))
    asked = np.concatenate([held_out, real]) if len(held_out) and len(real) else held_out if len(held_out) else real
    guessed = guesses(reader, train, trial.train.labels, asked)
    of_held_out = _scored(trial.held_out, guessed[: len(trial.held_out)], seed)
    of_real = _scored(trial.real, guessed[len(trial.held_out) :], seed)
    if of_real is None:
        return Tried(trial, of_held_out)
    return Tried(
        trial,
        of_held_out,
        of_real,
        majority_f1(trial.real),
        _on_real(trial.real, real, reader, seed),
        (*_smaller(trial, train, real, reader, seed), (len(trial.train), of_real)),
        guessed[len(trial.held_out) :],
    )


def majority_f1(rows: Rows) -> float:
    """Macro-F1 of always naming the most frequent label (set) of the rows: the baseline without reading."""
    strata = rows.strata
    most = rows.labels[strata == np.bincount(strata).argmax()][:1]
    return macro_f1(rows.labels, np.repeat(most, len(rows), axis=0))


def is_enough(rows: Rows) -> bool:
    """Whether a model can learn from some of the rows and be asked the others: see `text.label_samples`."""
    often = int((rows.counts >= FEWEST_OF_A_LABEL).sum()) if len(rows) else 0
    return len(rows) >= FEWEST_ROWS and often > 1


def are_few(rows: Rows, task: Task) -> bool:
    """Whether there are test rows, but too few for a reliable score: macro-F1 is a mean over labels of equal weight."""
    return 0 < len(rows) < max(FEWEST_ROWS, FEWEST_OF_A_LABEL * len(task.labels))


def _scored(rows: Rows, guessed: Any, seed: int) -> Score | None:
    return score(rows.labels, guessed, seed) if len(rows) else None


def _on_real(rows: Rows, prepared: Any, reader: Reader, seed: int) -> Score | None:
    if not is_enough(rows):
        return None
    return score(rows.labels, held_out_guesses(reader, prepared, rows.labels, folds_of(rows.strata)), seed)


def _smaller(trial: Trial, train: Any, real: Any, reader: Reader, seed: int) -> Iterator[tuple[int, Score]]:
    """The points of the curve before the last: each size begins with the rows of the one before."""
    for size in SIZES:
        if size < len(trial.train):
            guessed = guesses(reader, train[:size], trial.train.labels[:size], real)
            yield size, score(trial.real.labels, guessed, seed)


def score(labels: Labels, guessed: Labels, seed: int) -> Score:
    """F1 of guesses; its interval covers the luck of these rows, not that of the training rows."""
    resampled = Resampled(labels, guessed)

    def drawn(statistic: Callable[..., Floats]) -> Floats:
        if len(labels) < 2:
            return np.empty(0)
        found: Floats = bootstrapped(statistic, [len(labels)], seed).bootstrap_distribution
        return found

    micro = F1(micro_f1(labels, guessed), drawn(resampled.micro)) if labels.ndim > 1 else None
    return Score(len(labels), macro_f1(labels, guessed), drawn(resampled), micro)


def mean_of(scores: Sequence[Score]) -> Score | None:
    """The mean over tasks, each weighted by its rows, and so of each resample; None of no task.

    That of the micro-F1 is over the tasks that have one.
    """
    if not scores:
        return None
    mean = _mean([each.rows for each in scores], [F1(each.macro_f1, each.drawn) for each in scores])
    of_sets = [(each.rows, each.micro) for each in scores if each.micro]
    micro = _mean([rows for rows, _ in of_sets], [found for _, found in of_sets]) if of_sets else None
    return Score(sum(each.rows for each in scores), mean.value, mean.drawn, micro)


def _mean(weights: Sequence[int], scores: Sequence[F1]) -> F1:
    drawn = [each.drawn for each in scores]
    return F1(
        round(float(np.average([each.value for each in scores], weights=weights)), _DIGITS),
        np.average(drawn, axis=0, weights=weights) if all(map(len, drawn)) else np.empty(0),
    )


def reader_of_grams() -> Reader:
    """Without any weights: TF-IDF of words, their pairs, and pieces of 2 to 4 characters; a linear model on it."""
    return Reader(lambda texts: np.array(texts, dtype=object), _model_of_grams)


def reader_of_embeddings(embed: Callable[[Sequence[str]], Any]) -> Reader:
    """Reader of embeddings of a trained model, which is not trained further: a linear model on them."""
    return Reader(embed, lambda _: linear_model())


def guesses(reader: Reader, learnt: Any, labels: Labels, asked: Any) -> Labels:
    """Labels that a model trained on these texts predicts for others; the same for all if it saw one label (set)."""
    if not len(asked) or len(np.unique(labels, axis=0)) == 1:
        same: Labels = np.repeat(labels[:1], len(asked), axis=0)
        return same
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that stops early, and a label that all or no texts have
        guessed: Labels = np.asarray(fitted(reader.model(len(labels)), learnt, labels).predict(asked), labels.dtype)
    return guessed


def held_out_guesses(reader: Reader, prepared: Any, labels: Labels, folds: Codes) -> Labels:
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
    words = TfidfVectorizer(
        tokenizer=word_features, token_pattern=None, lowercase=False, ngram_range=(1, 2), **settings
    )
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), **settings)
    return make_pipeline(make_union(words, pieces), linear_model())
