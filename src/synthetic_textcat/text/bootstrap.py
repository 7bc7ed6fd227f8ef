"""Bootstrap: a statistic of rows drawn again with replacement (Efron 1979), by `scipy.stats.bootstrap`."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.intervals import CONFIDENCE

RESAMPLES = 1000
_DRAWN_AT_ONCE = 1_000_000  # row numbers in memory
_DIGITS = 4


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


def percentile_interval(drawn: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Ends of the percentile interval of `CONFIDENCE`, to four digits; None without resamples, as of a single row."""
    if not len(drawn):
        return None, None
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return round(float(low), _DIGITS), round(float(high), _DIGITS)
