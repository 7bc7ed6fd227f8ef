"""Equal texts among many, by 128-bit hashes: 16 bytes a text, and no text is held.

Two texts of one hash count as equal without a comparison: among a billion texts the probability that any two different
ones have the same hash is some 1e-21.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_HASH_BYTES = 16

Hashes = NDArray[np.uint64]
"""Hashes of texts: one row of two numbers each."""


def hashes_of(texts: Sequence[str]) -> Hashes:
    """The hash of each text."""
    encoded = (text.encode("utf-8", "surrogatepass") for text in texts)
    joined = b"".join([blake2b(text, digest_size=_HASH_BYTES).digest() for text in encoded])
    return np.frombuffer(joined, "<u8").reshape(-1, 2)


def first_of_equal(hashes: Hashes) -> NDArray[np.int32]:
    """Place of the first text that equals each text, by their hashes; its own place, if none before it does."""
    first = np.arange(len(hashes), dtype=np.int32)
    halves = np.sort(hashes[:, 0])
    repeated = np.unique(halves[1:][halves[1:] == halves[:-1]])
    del halves
    where = np.searchsorted(repeated, hashes[:, 0])
    where[where == len(repeated)] = 0
    candidates = np.flatnonzero(repeated[where] == hashes[:, 0]) if len(repeated) else np.empty(0, np.intp)
    del where
    order = candidates[np.lexsort(hashes[candidates].T)]  # stable: of equal ones the first comes first
    is_new = np.ones(len(order), bool)
    is_new[1:] = (hashes[order[1:]] != hashes[order[:-1]]).any(axis=1)
    first[order] = order[np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))]
    return first
