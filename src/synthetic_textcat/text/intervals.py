"""Confidence intervals of a share of rows: Wilson's and Jeffreys', sound for few rows and for shares near 0 and 1.

`scipy.stats` has both too, but takes a second to import.
"""

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
"""Confidence level of all intervals of the project."""

_Z = 1.959963984540054  # the normal distribution's 97.5 % point


def wilson_interval(share: float, rows: int) -> tuple[float, float]:
    """Both ends of the interval of `CONFIDENCE` (Wilson 1927).

    Args:
        share: Share of the rows, 0 to 1.
        rows: Number of rows, one or more.
    """
    middle = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    reach = _Z / (1 + _Z**2 / rows) * sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def jeffreys_interval(share: ArrayLike, rows: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends of the interval of `CONFIDENCE`: equal tails of the beta distribution with a prior of ½ and ½.

    At a share of 0 the lower end is 0, at a share of 1 the upper end is 1 (Brown, Cai and DasGupta 2001).

    Args:
        share: Shares of the rows, 0 to 1.
        rows: Numbers of rows, 0 or more; they may be fractions, as effective numbers are. Infinitely many rows leave
            no doubt; of no rows the interval is 0 to 1 for a share of ½.
    """
    from scipy.special import betaincinv

    share, rows = np.broadcast_arrays(np.asarray(share, dtype=float), np.asarray(rows, dtype=float))
    many = np.isinf(rows)
    hits = share * np.where(many, 0.0, rows)
    misses = np.where(many, 0.0, rows) - hits
    tail = (1 - CONFIDENCE) / 2
    low, high = (betaincinv(hits + 0.5, misses + 0.5, level) for level in (tail, 1 - tail))
    low = np.where(many, share, np.where((share <= 0) | (rows <= 0), 0.0, low))
    high = np.where(many, share, np.where((share >= 1) | (rows <= 0), 1.0, high))
    return low, high
