"""Bootstrap: a statistic of rows drawn again with replacement (Efron 1979), by `scipy.stats.bootstrap`."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

CONFIDENCE = 0.95
"""Confidence level of all intervals of the project."""

RESAMPLES = 1000
_DRAWN_AT_ONCE = 1_000_000  # row numbers in memory


def bootstrapped(statistic: Callable[..., Any], rows: Sequence[int], seed: int, resamples: int = RESAMPLES) -> Any:
    """The result of `scipy.stats.bootstrap`: percentile interval of `CONFIDENCE`, standard error, distribution.

    Args:
        statistic: Called with the row numbers of each sample, one array a sample, and the axis along which rows stand.
        rows: Number of rows of each sample, two or more.
        seed: Of the draws.
        resamples: Number of draws.
    """
    from scipy.stats import DegenerateDataWarning, bootstrap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # of resamples that are all alike: the bounds are NaN
        return bootstrap(
            [np.arange(count) for count in rows],
            statistic,
            n_resamples=resamples,
            batch=max(1, _DRAWN_AT_ONCE // sum(rows)),
            vectorized=True,
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
