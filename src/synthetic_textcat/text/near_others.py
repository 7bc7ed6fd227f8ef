"""Which texts of one set are nearly a text of another: what keeps training and test apart."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.near_duplicates import ALONE, bands_for, grams_of, jaccard, least_estimate, sketches

_MOST_IN_A_BUCKET = 64
_AT_ONCE = 1 << 20  # pairs that are estimated at once, some 0.3 GB

Places = NDArray[np.intp]
Mask = NDArray[np.bool_]


class Resemblance:
    """Texts that are ready to be compared.

    A pair is found if an equal band of MinHash brings it together (98 % of the pairs right at the threshold, nearly all
    above it) and the exact Jaccard similarity of the character 5-grams reaches the threshold; so no pair below is ever
    named. In a bucket that many texts share, only the first 64 are compared with, in each of the bands.

    Args:
        texts: Normalised.
        threshold: Jaccard similarity, above 0.
    """

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        self._texts = texts
        self._threshold = threshold
        self._buckets, self._digests = sketches(texts, bands_for(threshold))
        self._grams = lru_cache(maxsize=4096)(lambda place: grams_of(texts[place]))

    def near(self, asked: Mask, others: Mask) -> Mask:
        """Which of the asked texts are at least so similar to one of the others; no text may be in both masks."""
        found = np.zeros(len(self._texts), bool)
        compared: set[tuple[int, int]] = set()
        for buckets in self._buckets.T:
            for one, other in self._promising(buckets, np.flatnonzero(asked & ~found), np.flatnonzero(others)):
                if found[one] or (one, other) in compared:
                    continue
                compared.add((one, other))
                found[one] = jaccard(self._grams(one), self._grams(other)) >= self._threshold
        return found

    def _promising(self, buckets: NDArray[np.uint64], asked: Places, others: Places) -> Iterator[tuple[int, int]]:
        least = least_estimate(self._threshold)
        for one, other in _pairs(buckets, asked, others):
            estimates = (self._digests[one] == self._digests[other]).mean(axis=1)
            hits = estimates >= least
            yield from zip(one[hits].tolist(), other[hits].tolist(), strict=True)


def _pairs(buckets: NDArray[np.uint64], asked: Places, others: Places) -> Iterator[tuple[Places, Places]]:
    """The pairs of one band that share a bucket, in portions."""
    asked = asked[buckets[asked] != ALONE]
    others = others[np.argsort(buckets[others], kind="stable")]
    keys = buckets[others]
    first = np.searchsorted(keys, buckets[asked], "left")
    sizes = np.minimum(np.searchsorted(keys, buckets[asked], "right") - first, _MOST_IN_A_BUCKET)
    portion = _AT_ONCE // _MOST_IN_A_BUCKET
    for start in range(0, len(asked), portion):
        size = sizes[start : start + portion]
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        yield (
            np.repeat(asked[start : start + portion], size),
            others[np.repeat(first[start : start + portion], size) + within],
        )
