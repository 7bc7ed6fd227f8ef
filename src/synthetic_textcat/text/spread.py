"""How far texts lie apart: each a unit vector of its character 3- to 5-grams.

A vector is a function of its text alone: counts are damped (1 + ln), and hashed into
`_HASHED` columns, which a fixed matrix of signs sums up in `_DIMENSIONS`. That is a random projection whose chance is
the hash (a count sketch), so it needs no generator and keeps cosines to within some 1 / sqrt(dimensions).

Grams are not weighted by how rare they are in the sample: what its texts share would weigh least. With such weights
texts that all begin with one template came out as more diverse than the same without it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.near_duplicates import mixed

_GRAMS = (3, 4, 5)
_HASHED = 2**18
_DIMENSIONS = 256
_NOTHING = 1e-12  # eigenvalues below are rounding errors

Vectors = NDArray[np.float64]
Places = NDArray[np.int64]


def vectors_of(texts: Sequence[str]) -> Vectors:
    """A row of `_DIMENSIONS` numbers a text."""
    if not texts:
        return np.empty((0, _DIMENSIONS))
    sums = np.zeros(len(texts) * _DIMENSIONS)
    for size in _GRAMS:
        text, gram, count = _counted_grams(texts, size)
        signs = np.where(gram // _DIMENSIONS % 2, 1.0, -1.0)
        places = text * _DIMENSIONS + gram % _DIMENSIONS
        sums += np.bincount(places, signs * (1 + np.log(count)), minlength=len(sums))
    rows = sums.reshape(-1, _DIMENSIONS)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, _NOTHING))


def _counted_grams(texts: Sequence[str], size: int) -> tuple[Places, Places, Places]:
    """Which text, which hashed gram, and how often, of each gram of each text."""
    padded = [f" {text} ".ljust(size) for text in texts]
    lengths = np.array([len(text) for text in padded], np.int64)
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    ends = np.repeat(np.cumsum(lengths), lengths)
    within = np.arange(size, len(codes) + size) <= ends  # others run into the next text
    hashed = mixed(np.lib.stride_tricks.sliding_window_view(codes, size))
    grams = (hashed % np.uint64(_HASHED)).astype(np.int64)
    owners = np.repeat(np.arange(len(texts)), lengths)
    keys, counts = np.unique(owners[within] * _HASHED + grams[within[: len(grams)]], return_counts=True)
    return keys // _HASHED, keys % _HASHED, counts


def aps(vectors: Vectors) -> float | None:
    """Average pairwise similarity: the mean cosine of two texts, 1 where all are the same; lower is more diverse.

    Of all ordered pairs, by the identity sum of x·y = |sum of x|² (less the n products of a text with itself). As used
    for synthetic data by Yu et al. (arXiv 2306.15895). None of fewer than two texts.
    """
    count = len(vectors)
    if count < 2:
        return None
    total = vectors.sum(axis=0)
    return float((total @ total - (vectors * vectors).sum()) / (count * (count - 1)))


def vendi(vectors: Vectors) -> float | None:
    """Vendi score: how many wholly different texts would be as diverse, 1 where all are the same; higher is better.

    Friedman and Dieng (arXiv 2210.02410): e to the entropy of the eigenvalues of the matrix of cosines / n. The d by d
    products of columns have the same eigenvalues, so the smaller matrix is taken. At most the number of dimensions.
    None of fewer than two texts.
    """
    if len(vectors) < 2:
        return None
    narrow = vectors if len(vectors) > vectors.shape[1] else vectors.T
    eigenvalues = np.linalg.eigvalsh(narrow.T @ narrow / len(vectors))
    shares = eigenvalues[eigenvalues > _NOTHING]
    return float(np.exp(-(shares * np.log(shares)).sum()))
