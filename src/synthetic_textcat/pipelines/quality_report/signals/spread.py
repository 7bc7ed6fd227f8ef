"""How far texts lie apart: each a unit vector of its character 3- to 5-grams.

A vector is a function of its text alone: grams are counted within words, counts are damped (1 + ln), and hashed into
`_HASHED` columns, which a fixed matrix of signs sums up in `_DIMENSIONS`. That is a random projection whose chance is
the hash (a count sketch), so it needs no generator and keeps cosines to within some 1 / sqrt(dimensions).

Grams are not weighted by how rare they are in the sample: what its texts share would weigh least. With such weights
texts that all begin with one template came out as more diverse than the same without it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_GRAMS = (3, 5)
_HASHED = 2**18
_DIMENSIONS = 256
_NOTHING = 1e-12  # eigenvalues below are rounding errors

Vectors = NDArray[np.float64]


def vectors_of(texts: Sequence[str]) -> Vectors:
    """A row of `_DIMENSIONS` numbers a text."""
    if not texts:
        return np.empty((0, _DIMENSIONS))
    from scipy.sparse import csr_array  # takes seconds, with sklearn: only where rows are measured
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize

    hashed = HashingVectorizer(
        analyzer="char_wb", ngram_range=_GRAMS, n_features=_HASHED, alternate_sign=False, norm=None
    ).transform(texts)
    hashed.data = 1 + np.log(hashed.data)
    columns = np.arange(_HASHED)
    signs = np.where(columns // _DIMENSIONS % 2, 1.0, -1.0)
    projection = csr_array((signs, (columns, columns % _DIMENSIONS)), shape=(_HASHED, _DIMENSIONS))
    return np.asarray(normalize(hashed @ projection).toarray(), np.float64)


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
