r"""Prediction-powered inference of a share: a few rows labelled by hand, and a judge's opinion of many.

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, "Prediction-powered inference",
Science 382) estimates the mean of an outcome c, known for the rows labelled by hand, by a prediction a, known for all:

    share = λ · mean of a over all rows + weighted mean of (c - λ · a) over the labelled rows.

The weight λ that makes the variance least is the slope of c on a (Angelopoulos, Duchi and Zrnic 2023, "PPI++"). Here a
is whether the judge agrees, yes or no. The slope is then p₁ - p₀, the difference between the shares of c where the
judge agrees and where it does not, and the estimate equals the post-stratified one (Holt and Smith 1979):

    share = W₁ · p₁ + W₀ · p₀, where W₁ is the share of all rows on which the judge agrees, and W₀ = 1 - W₁.

So the variance of a few rows, for which the normal approximation fails, comes from two shares. Their Jeffreys intervals
(l, u) are combined by MOVER (Zou and Donner 2008, "Construction of confidence limits about effect measures"):

    low = share - √Σ W²(p - l)²,  high = share + √Σ W²(u - p)².

A stratum without a labelled row counts as ½ with the interval 0 to 1. docs/measurements.md has the coverage.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthetic_textcat.text.intervals import jeffreys_interval

Array = NDArray[np.float64]

_Z = 1.959963984540054  # the normal distribution's 97.5 % point
_HALVINGS = 40
_ROUNDING = 1e-6


class Strata(NamedTuple):
    """Rows by whether the judge agrees, or a single stratum without a judge. Strata lie along the first axis.

    Attributes:
        size: Share of all rows, 0 to 1; the shares add up to 1.
        labelled: Rows labelled by hand, where their weights differ the effective number (Kish 1965).
        share: Weighted share of these with the property.
    """

    size: Array
    labelled: Array
    share: Array

    @classmethod
    def of_counts(cls, rows: ArrayLike, labelled: ArrayLike, hits: ArrayLike) -> "Strata":
        """Strata whose labelled rows have equal weights: all rows, the labelled ones, those with the property."""
        given, tried, found = (np.asarray(values, dtype=float) for values in (rows, labelled, hits))
        shares = np.divide(found, tried, out=np.full(np.shape(found), 0.5), where=tried > 0)
        return cls(given / given.sum(axis=0), tried, shares)


class ShareEstimate(NamedTuple):
    """An estimated share of rows, with the ends of its interval of `CONFIDENCE`."""

    share: Array
    low: Array
    high: Array


def estimated_share(strata: Strata, rows: ArrayLike, judged: ArrayLike | None = None) -> ShareEstimate:
    """The share of all rows that have the property.

    Args:
        strata: The strata.
        rows: Number of all rows: a finite population, of which nothing is unknown once all are labelled.
        judged: Number of rows with a verdict, evenly drawn from all; None = all. Fewer leave a doubt about the sizes of
            the strata, whose variance joins both sides.
    """
    size, labelled, share = strata
    total = np.asarray(rows, dtype=float)
    low, high = jeffreys_interval(share, _of_infinite_population(labelled, size * total))
    estimate = (size * share).sum(axis=0)
    known = total if judged is None else np.asarray(judged, dtype=float)
    between = (size * (share - estimate) ** 2).sum(axis=0) / known * (1 - known / total)
    below, above = ((size**2 * (share - end) ** 2).sum(axis=0) + _Z**2 * between for end in (low, high))
    least, most = (estimate - np.sqrt(below)) * total, (estimate + np.sqrt(above)) * total
    return ShareEstimate(
        estimate,
        np.clip(np.floor(least + _ROUNDING), 0.0, total) / total,  # the truth is a whole number of rows
        np.clip(np.ceil(most - _ROUNDING), 0.0, total) / total,
    )


def judge_weight(strata: Strata) -> float:
    """The power-tuned weight λ of the judge: 1 = as good as a hand, 0 = no help, as where a stratum has no label.

    Args:
        strata: The rows on which the judge agrees, and the others.
    """
    agreed, disputed = strata.share
    return float(agreed - disputed) if (strata.labelled > 0).all() else 0.0


def effective_rows(estimate: ShareEstimate, rows: int) -> float:
    """Number of rows labelled by hand whose interval without a judge, at the same share, would be as wide.

    Args:
        estimate: A single one.
        rows: Number of all rows, the most there can be.
    """
    width = float(estimate.high - estimate.low)
    few, many = 0.0, float(rows)
    for _ in range(_HALVINGS):
        middle = (few + many) / 2
        alone = estimated_share(Strata(np.ones(1), np.array([middle]), np.array([float(estimate.share)])), rows)
        few, many = (middle, many) if float(alone.high - alone.low) > width else (few, middle)
    return many


def _of_infinite_population(labelled: ArrayLike, rows: ArrayLike) -> Array:
    """The rows that would say as much of infinitely many: the finite population correction (Cochran 1977)."""
    drawn, total = np.broadcast_arrays(np.asarray(labelled, dtype=float), np.asarray(rows, dtype=float))
    rest = total - drawn
    infinite = np.full(rest.shape, np.inf)
    scaled = np.divide(drawn * np.maximum(total - 1, 0), rest, out=infinite, where=rest > _ROUNDING)
    least: Array = np.maximum(scaled, np.minimum(drawn, total))
    return least
