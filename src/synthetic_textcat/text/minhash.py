"""MinHash sketches of texts, for LSH: bucket keys by band, and digests that estimate the similarity of two texts.

A text is represented by its set of character 5-grams, which also suits scripts without spaces and texts of a few words.
The hashes have a fixed seed: a sketch is a function of its text alone, the same on any machine and in any portion.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GRAM = 5
PERMUTATIONS = 128
_SEED = 42
_LEAST_RECALL = 0.98
_DEVIATIONS = 3  # standard deviations below the threshold at which pairs are still compared: misses 1 in 700 at 0.8
_CHUNK = 64  # texts hashed at once: their windows stay in the processor's cache, and are no blocks of their own
_MIXED_AT_ONCE = 1 << 14  # windows: each step of a hash goes through all of them
_PACK = Struct(f"={PERMUTATIONS}I").pack
_FIELDS = 4  # of two bits in a byte
OUTLINE_WORDS = PERMUTATIONS // _FIELDS // 8
"""64-bit numbers in an outline."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Sketches(NamedTuple):
    """Sketches of some texts.

    Attributes:
        keys: Bucket keys, by band and text: texts with the same key in a band share a bucket.
        digests: The last byte of each minimum, by text and permutation, for estimates.
    """

    keys: NDArray[np.uint64]
    digests: NDArray[np.uint8]


def sketches_of(texts: Sequence[str], bands: int) -> Sketches:
    """Sketches of some texts, whose order and number make no difference to any of them."""
    found = Sketches(np.empty((bands, len(texts)), np.uint64), np.empty((len(texts), PERMUTATIONS), np.uint8))
    for start in range(0, len(texts), _CHUNK):
        minima = _minhashes(texts[start : start + _CHUNK])
        found.keys[:, start : start + _CHUNK] = mixed(_banded(minima.astype(np.uint64), bands)).T
        found.digests[start : start + _CHUNK] = minima.astype(np.uint8)  # the last byte
    return found


def outlines_of(digests: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Two bits of each byte of digests, in a quarter of the memory: where they differ, the bytes do."""
    fields = np.zeros((len(digests), PERMUTATIONS // _FIELDS), np.uint8)
    for field in range(_FIELDS):
        fields |= (digests[:, field::_FIELDS] & 3) << (2 * field)
    return fields.view(np.uint64)


def applied(sketch: Callable[[Sequence[str]], Sketches], texts: Sequence[str]) -> list[Sketches]:
    """The sketches of some texts as one result of a pool; here, where a worker process need not import much."""
    return [sketch(texts)]


def bands_for(threshold: float) -> int:
    """The fewest LSH bands with a recall of 98 % for pairs at the threshold, and nearly 100 % above it.

    At 0.8 these are 18 bands of 7 permutations: 98.5 % of the pairs at 0.8, 99.9 % at 0.85, 0.4 % at 0.3.
    """
    choices = (PERMUTATIONS // rows for rows in range(PERMUTATIONS, 0, -1))
    return next(bands for bands in choices if recall(threshold, bands) >= _LEAST_RECALL)


def recall(similarity: float, bands: int) -> float:
    """Probability that a pair of this similarity shares a band."""
    return 1.0 - (1.0 - similarity ** (PERMUTATIONS // bands)) ** bands


def least_estimate(threshold: float) -> float:
    """The estimated similarity (share of equal minima) above which a pair is compared exactly."""
    return threshold - _DEVIATIONS * float(np.sqrt(threshold * (1 - threshold) / PERMUTATIONS))


def _minhashes(texts: Sequence[str]) -> NDArray[np.uint32]:
    from rensa import RMinHash  # only where rows are checked

    padded = [padded_text(text) for text in texts]
    sizes = np.array([len(text) - GRAM + 1 for text in padded])
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    windows = _mixed_windows(codes)
    ends = np.cumsum(sizes + GRAM - 1)
    within = np.ones(len(codes), bool)
    for back in range(1, GRAM):
        within[ends - back] = False  # windows that start here run into the next text
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        windows[within[: len(windows)]], offsets, PERMUTATIONS, _SEED
    )
    packed = b"".join([_PACK(*minima) for minima in matrix.to_rows()])  # twice as fast as an array of lists
    return np.frombuffer(packed, np.uint32).reshape(-1, PERMUTATIONS)


def _mixed_windows(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`mixed` of each window of characters, in half the time: in place, part by part.

    Codes of characters have 21 bits, so that the first of the steps shifts all of them away.
    """
    hashes = np.empty(len(codes) - GRAM + 1, np.uint64)
    shifted = np.empty(_MIXED_AT_ONCE, np.uint64)
    for start in range(0, len(hashes), _MIXED_AT_ONCE):
        number = hashes[start : start + _MIXED_AT_ONCE]
        own, end = shifted[: len(number)], start + len(number)
        np.multiply(codes[start:end], _MIX, out=number)
        number += codes[start + 1 : end + 1]
        for place in range(2, GRAM):
            number ^= np.right_shift(number, np.uint64(29), out=own)
            number *= _MIX
            number += codes[start + place : end + place]
        number ^= np.right_shift(number, np.uint64(32), out=own)
    return hashes


def _banded(minima: NDArray[np.uint64], bands: int) -> NDArray[np.uint64]:
    rows = PERMUTATIONS // bands
    return minima[:, : bands * rows].reshape(len(minima), bands, rows)


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of the numbers along the last axis, the same on any machine."""
    number = numbers[..., 0].copy()
    shifted = np.empty_like(number)
    for column in range(1, numbers.shape[-1]):
        number ^= np.right_shift(number, np.uint64(29), out=shifted)
        number *= _MIX
        number += numbers[..., column]
    number ^= np.right_shift(number, np.uint64(32), out=shifted)
    return number


def grams_of(text: str) -> frozenset[str]:
    """The set of character 5-grams of a text."""
    text = padded_text(text)
    return frozenset(text[start : start + GRAM] for start in range(len(text) - GRAM + 1))


def padded_text(text: str) -> str:
    """The text padded to at least one gram; normalised texts do not end in spaces, so short texts match no others."""
    return text.ljust(GRAM)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity: common grams / all grams of both sets."""
    both = len(one & other)
    return both / (len(one) + len(other) - both)
