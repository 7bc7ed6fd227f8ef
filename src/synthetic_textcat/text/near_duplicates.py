"""Near duplicates within a set of texts and between two sets: MinHash LSH candidates, exact Jaccard similarity.

A text is represented by its set of character 5-grams, which also suits scripts without spaces and texts of a few words.
Candidates depend on hashes with a fixed seed, and the similarity on the sets alone: the result is the same on any
machine, and a pair below the threshold is never reported.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_GRAM = 5
_PERMUTATIONS = 128
_SEED = 42
_LEAST_RECALL = 0.98
_DEVIATIONS = 3  # standard deviations below the threshold at which pairs are still compared: misses 1 in 700 at 0.8
_CHUNK = 4096  # texts hashed at once, some 20 MB
_MIX = np.uint64(0x9E3779B97F4A7C15)

ALONE = 0
"""Bucket number of texts without a partner, as most are."""

_MOST_IN_A_BUCKET = 64
_AT_ONCE = 1 << 20  # pairs estimated at once, some 0.3 GB

Places = NDArray[np.intp]
Mask = NDArray[np.bool_]


class Like(NamedTuple):
    """An earlier near duplicate.

    Attributes:
        place: Position of the earlier text.
        similarity: Jaccard similarity of the two sets of 5-grams.
    """

    place: int
    similarity: float


def like_earlier(texts: Sequence[str], threshold: float, all_stay: bool = False) -> Iterator[Like | None]:
    """The first earlier text that is at least as similar to each text as the threshold, or None.

    Args:
        texts: Normalised texts.
        threshold: Jaccard similarity, above 0.
        all_stay: Whether near duplicates are kept as earlier texts. True if they are only flagged; False if they are
            rejected, so that a rejected text does not reject others.
    """
    numbers = _numbers(texts, bands_for(threshold))
    partnered = np.flatnonzero((numbers != ALONE).any(axis=1))
    numbers, digests = numbers[partnered], _digests(texts, partnered)
    least = least_estimate(threshold)
    buckets: dict[int, list[int]] = defaultdict(list)
    grams = lru_cache(maxsize=4096)(lambda place: grams_of(texts[place]))  # a million sets would not fit into memory
    answered = 0
    for number, place in enumerate(partnered.tolist()):
        yield from repeat(None, place - answered)  # no text shares a band with those between
        own = numbers[number][numbers[number] != ALONE].tolist()
        candidates = sorted({earlier for bucket in own for earlier in buckets.get(bucket, ())})
        promising = partnered[_promising(candidates, digests, number, least)].tolist()
        likes = (Like(earlier, jaccard(grams(earlier), grams(place))) for earlier in promising)
        like = next((like for like in likes if like.similarity >= threshold), None)
        if like is None or all_stay:
            for bucket in own:
                buckets[bucket].append(number)
        yield like
        answered = place + 1
    yield from repeat(None, len(texts) - answered)


def bands_for(threshold: float) -> int:
    """The fewest LSH bands with a recall of 98 % for pairs at the threshold, and nearly 100 % above it.

    At 0.8 these are 18 bands of 7 permutations: 98.5 % of the pairs at 0.8, 99.9 % at 0.85, 0.4 % at 0.3.
    """
    choices = (_PERMUTATIONS // rows for rows in range(_PERMUTATIONS, 0, -1))
    return next(bands for bands in choices if recall(threshold, bands) >= _LEAST_RECALL)


def recall(similarity: float, bands: int) -> float:
    """Probability that a pair of this similarity shares a band."""
    return 1.0 - (1.0 - similarity ** (_PERMUTATIONS // bands)) ** bands


def least_estimate(threshold: float) -> float:
    """The estimated similarity (share of equal minima) above which a pair is compared exactly."""
    return threshold - _DEVIATIONS * float(np.sqrt(threshold * (1 - threshold) / _PERMUTATIONS))


def sketches(texts: Sequence[str], bands: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Bucket numbers by text and band; and by text and permutation the last byte of the minimum, for estimates."""
    digests = np.empty((len(texts), _PERMUTATIONS), np.uint8)
    return _numbers(texts, bands, digests), digests


def _numbers(texts: Sequence[str], bands: int, digests: NDArray[np.uint8] | None = None) -> NDArray[np.uint64]:
    """Bucket numbers by text and band. Digests are filled if asked for: they take as much memory again."""
    keys = np.empty((len(texts), bands), np.uint64)
    for start in range(0, len(texts), _CHUNK):
        minima = _minhashes(texts[start : start + _CHUNK])
        keys[start : start + _CHUNK] = mixed(_banded(minima, bands))
        if digests is not None:
            digests[start : start + _CHUNK] = minima & np.uint64(0xFF)
    return _numbered(keys)


def _digests(texts: Sequence[str], places: Places) -> NDArray[np.uint8]:
    """The last byte of each minimum of some texts."""
    digests = np.empty((len(places), _PERMUTATIONS), np.uint8)
    for start in range(0, len(texts), _CHUNK):
        first, end = np.searchsorted(places, (start, start + _CHUNK)).tolist()
        if first < end:
            chunk = texts[start : start + _CHUNK]
            some = [chunk[place] for place in (places[first:end] - start).tolist()]
            digests[first:end] = _minhashes(some) & np.uint64(0xFF)
    return digests


def _minhashes(texts: Sequence[str]) -> NDArray[np.uint64]:
    from rensa import RMinHash  # only where rows are checked

    padded = [_padded(text) for text in texts]
    sizes = np.array([len(text) - _GRAM + 1 for text in padded])
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    windows = mixed(np.lib.stride_tricks.sliding_window_view(codes, _GRAM))
    ends = np.cumsum(sizes + _GRAM - 1)
    within = np.ones(len(codes), bool)
    for back in range(1, _GRAM):
        within[ends - back] = False  # windows that start here run into the next text
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        windows[within[: len(windows)]], offsets, _PERMUTATIONS, _SEED
    )
    return np.array(matrix.to_rows(), np.uint64)


def _banded(digests: NDArray[np.uint64], bands: int) -> NDArray[np.uint64]:
    rows = _PERMUTATIONS // bands
    return digests[:, : bands * rows].reshape(len(digests), bands, rows)


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of the numbers along the last axis, the same on any machine."""
    number = numbers[..., 0].copy()
    for column in range(1, numbers.shape[-1]):
        number = (number ^ (number >> np.uint64(29))) * _MIX + numbers[..., column]
    return number ^ (number >> np.uint64(32))


def _numbered(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Replaces keys by bucket numbers, in place: texts with equal keys in a band share a bucket."""
    used = 1
    for band in range(keys.shape[1]):
        _, inverse, counts = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        keys[:, band] = np.where(counts > 1, np.arange(used, used + len(counts)), ALONE)[inverse]
        used += len(counts)
    return keys


def _promising(candidates: list[int], digests: NDArray[np.uint8], place: int, least: float) -> list[int]:
    """The candidates with sufficient estimated similarity: an exact comparison costs a hundred times as much."""
    if not candidates:
        return []
    estimates = (digests[candidates] == digests[place]).mean(axis=1)
    return [earlier for earlier, estimate in zip(candidates, estimates, strict=True) if estimate >= least]


def grams_of(text: str) -> frozenset[str]:
    """The set of character 5-grams of a text."""
    text = _padded(text)
    return frozenset(text[start : start + _GRAM] for start in range(len(text) - _GRAM + 1))


def _padded(text: str) -> str:
    """The text padded to at least one gram; normalised texts do not end in spaces, so short texts match no others."""
    return text.ljust(_GRAM)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity: common grams / all grams of both sets."""
    both = len(one & other)
    return both / (len(one) + len(other) - both)


class CrossSetMatcher:
    """Near-duplicate search between two subsets of texts.

    A pair is found if the texts share a MinHash band (98 % of the pairs at the threshold, nearly all above it) and the
    exact Jaccard similarity of their 5-grams reaches the threshold; so a pair below it is never reported. In a large
    bucket only the first 64 texts are compared, in each band.

    Args:
        texts: Normalised texts.
        threshold: Jaccard similarity, above 0.
    """

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        self._texts = texts
        self._threshold = threshold
        self._buckets, self._digests = sketches(texts, bands_for(threshold))
        self._grams = lru_cache(maxsize=4096)(lambda place: grams_of(texts[place]))

    def near(self, asked: Mask, others: Mask) -> Mask:
        """Mask of the asked texts that are near duplicates of one of the others; the masks must be disjoint."""
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
    """Pairs of one band that share a bucket, in chunks."""
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
