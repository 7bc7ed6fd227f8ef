"""Measures of the whole: the interval of a difference whose variance is estimated."""

from typing import NamedTuple

from synthetic_textcat.pipelines.compare.bootstrapping import CONFIDENCE
from synthetic_textcat.pipelines.compare.differences import Difference

_DIGITS = 6  # further ones depend on the machine


class Variance(NamedTuple):
    """Of an estimated difference.

    Attributes:
        of: The variance.
        freedom: Its degrees of freedom; infinite where it is as good as known.
    """

    of: float
    freedom: float


def difference_of(measure: str, baseline: float, candidate: float, variance: Variance | None, basis: str) -> Difference:
    """Candidate - baseline, with the interval of Student's t; without one where the variance can't be known.

    A variance of 0 says that no row makes a difference, as with two runs that are equal: the interval is one number.
    """
    apart = candidate - baseline
    reach = None if variance is None else _reach(variance)
    return Difference(
        measure,
        "score",
        round(baseline, _DIGITS),
        round(candidate, _DIGITS),
        round(apart, _DIGITS),
        low=None if reach is None else round(apart - reach, _DIGITS),
        high=None if reach is None else round(apart + reach, _DIGITS),
        basis=basis,
    )


def _reach(variance: Variance) -> float:
    if not variance.of:
        return 0.0
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, variance.freedom) * variance.of**0.5)
