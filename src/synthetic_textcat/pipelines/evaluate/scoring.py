"""What classifiers score that learnt the synthetic rows of a task, beside what is to be had without them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synthetic_textcat.pipelines.evaluate.readers import Reader, guesses, held_out_guesses
from synthetic_textcat.pipelines.evaluate.scores import Score, score
from synthetic_textcat.pipelines.evaluate.train_test_sets import Rows, Trial
from synthetic_textcat.text.folds import FEWEST_OF_A_LABEL, FEWEST_ROWS, folds_of
from synthetic_textcat.text.linear import macro_f1

SIZES = (25, 50, 100, 250, 500, 1_000, 2_500)
"""Rows of a task that are learnt from, for the curve, as far as there are so many; the same of any two runs."""


@dataclass(frozen=True)
class Tried:
    """The scores of one task; None where there are no rows for it.

    Attributes:
        trial: What was learnt and asked.
        held_out: On held-out synthetic rows.
        real: On the real rows.
        majority: Macro-F1, on the real rows, of always naming their most frequent label.
        on_real: On the same real rows, each by a model that learnt four fifths of the others.
        curve: Rows learnt from and the score on the real rows, the fewest first; the last has all.
    """

    trial: Trial
    held_out: Score | None = None
    real: Score | None = None
    majority: float | None = None
    on_real: Score | None = None
    curve: tuple[tuple[int, Score], ...] = field(default=())


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
    )


def majority_f1(rows: Rows) -> float:
    """Macro-F1 of always naming the most frequent label of the rows: what anyone gets without reading."""
    return macro_f1(rows.labels, np.full_like(rows.labels, np.bincount(rows.labels).argmax()))


def is_enough(rows: Rows) -> bool:
    """Whether a model can learn from some of the rows and be asked the others: see `text.folds`."""
    often = int((np.bincount(rows.labels) >= FEWEST_OF_A_LABEL).sum()) if len(rows) else 0
    return len(rows) >= FEWEST_ROWS and often > 1


def _scored(rows: Rows, guessed: Any, seed: int) -> Score | None:
    return score(rows.labels, guessed, seed) if len(rows) else None


def _on_real(rows: Rows, prepared: Any, reader: Reader, seed: int) -> Score | None:
    if not is_enough(rows):
        return None
    return score(rows.labels, held_out_guesses(reader, prepared, rows.labels, folds_of(rows.labels)), seed)


def _smaller(trial: Trial, train: Any, real: Any, reader: Reader, seed: int) -> Iterator[tuple[int, Score]]:
    """The points of the curve before the last: each size begins with the rows of the one before."""
    for size in SIZES:
        if size < len(trial.train):
            guessed = guesses(reader, train[:size], trial.train.labels[:size], real)
            yield size, score(trial.real.labels, guessed, seed)
