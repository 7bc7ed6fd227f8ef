"""Confidence interval of a share of rows (Wilson 1927), which is sound for few rows and for shares near 0 and 1.

`scipy.stats.binomtest` has it too, but takes a second to import.
"""

from math import sqrt

CONFIDENCE = 0.95
"""Confidence level of all intervals of the project."""

_Z = 1.959963984540054  # the normal distribution's 97.5 % point


def wilson_interval(share: float, rows: int) -> tuple[float, float]:
    """Both ends of the interval of `CONFIDENCE`.

    Args:
        share: Share of the rows, 0 to 1.
        rows: Number of rows, one or more.
    """
    middle = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    reach = _Z / (1 + _Z**2 / rows) * sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)
