"""Macro-F1 with an interval."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthetic_textcat.text.folds import Codes
from synthetic_textcat.text.linear import macro_f1
from synthetic_textcat.text.resampled import Floats, Resampled

CONFIDENCE = 0.95
_RESAMPLES = 1000
_AT_ONCE = 1_000_000
_DIGITS = 4


class Score(NamedTuple):
    """A macro-F1, 0 to 1, as `text.linear.macro_f1` defines it.

    Attributes:
        rows: How many it is of.
        macro_f1: Of all of them.
        drawn: Of `_RESAMPLES` samples of as many rows, drawn with replacement (Efron 1979); of a single row none.
    """

    rows: int
    macro_f1: float
    drawn: Floats

    @property
    def low(self) -> float | None:
        """Lower end of the interval that covers what more such rows would show with `CONFIDENCE`; None of one row."""
        return self._quantile((1 - CONFIDENCE) / 2)

    @property
    def high(self) -> float | None:
        """Its upper end."""
        return self._quantile((1 + CONFIDENCE) / 2)

    def _quantile(self, share: float) -> float | None:
        return round(float(np.quantile(self.drawn, share)), _DIGITS) if len(self.drawn) else None


def score(labels: Codes, guessed: Codes, seed: int) -> Score:
    """The macro-F1 of guesses; its interval tells the luck of these rows, not that of the rows learnt from."""
    from scipy.stats import bootstrap

    drawn = np.empty(0)
    if len(labels) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of samples that are all alike, which is no fault
            drawn = bootstrap(
                (np.arange(len(labels)),),
                Resampled(labels, guessed),
                n_resamples=_RESAMPLES,
                batch=max(1, _AT_ONCE // len(labels)),
                vectorized=True,
                method="percentile",
                rng=np.random.default_rng(seed),
            ).bootstrap_distribution
    return Score(len(labels), macro_f1(labels, guessed), drawn)


def mean_of(scores: Sequence[Score]) -> Score | None:
    """The mean over tasks, each weighted by its rows, and so of each resample; None of no task."""
    if not scores:
        return None
    weights = [each.rows for each in scores]
    drawn = [each.drawn for each in scores]
    return Score(
        sum(weights),
        round(float(np.average([each.macro_f1 for each in scores], weights=weights)), _DIGITS),
        np.average(drawn, axis=0, weights=weights) if all(map(len, drawn)) else np.empty(0),
    )
