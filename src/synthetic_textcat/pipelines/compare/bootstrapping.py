"""The bootstrap of a difference: over rows of two samples, or over pairs of rows."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
_RESAMPLES = 1000
_AT_ONCE = 1_000_000
_MOST_DRAWN = 20_000_000  # numbers drawn for one measure: more rows need fewer resamples, and have narrow intervals

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def bootstrapped(difference: Callable[[Places, Places, int], Floats], rows: Sequence[int], seed: int) -> Any:
    """What `scipy.stats.bootstrap` finds of a difference: `confidence_interval` (percentiles) and `standard_error`.

    Args:
        difference: Of drawn rows of the baseline and of the candidate, by their places, along an axis.
        rows: How many rows each run has, two or more; a single number where these are pairs, which are drawn together.
        seed: Of the run.
    """
    from scipy.stats import DegenerateDataWarning, bootstrap

    def statistic(*drawn: Places, axis: int = -1) -> Floats:
        return difference(drawn[0], drawn[-1], axis)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # then the bounds are no numbers, which is told
        return bootstrap(
            [np.arange(count) for count in rows],
            statistic,
            n_resamples=int(np.clip(_MOST_DRAWN / sum(rows), 100, _RESAMPLES)),
            batch=max(1, int(_AT_ONCE / sum(rows))),
            vectorized=True,
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
