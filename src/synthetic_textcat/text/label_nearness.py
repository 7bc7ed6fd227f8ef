"""Nearness of labels: cosine similarity of TF-IDF vectors of their names and descriptions, in grades.

Terms are words and their pieces of 3 to 5 characters, padded with a space on both sides (the analyzer `char_wb` of
scikit-learn). Inverse document frequency is 1 + ln((1 + n) / (1 + df)), Salton and Buckley (1988), smoothed as in
scikit-learn. Rounded to hundredths, it makes weights and dot products whole numbers, which have no order of summation;
all else is single operations of IEEE 754. So machines agree to the last digit, on which a plan may depend.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from math import log
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

from synthetic_textcat.text.unicode import composed
from synthetic_textcat.text.words import word_features

GRADES = (0.1, 0.25)
"""Least cosine similarity of each grade above 0."""

_SIZES = (3, 4, 5)  # characters of a piece
_PER_UNIT = 100  # idf is counted in hundredths
_CAMEL = regex.compile(r"(?<=\p{Ll})(?=\p{Lu})")


@lru_cache(maxsize=256)
def nearness_grades(texts: tuple[str, ...]) -> NDArray[np.uint8]:
    """Grade of each pair of labels: 0 = not near, 1 = related, 2 = near (see `GRADES`).

    Args:
        texts: Name and description of each label.
    """
    similarity = cosine_similarities(texts)
    grades = np.searchsorted(GRADES, similarity, side="right").astype(np.uint8)
    grades.flags.writeable = False
    return grades


def cosine_similarities(texts: Sequence[str]) -> NDArray[np.float64]:
    """Cosine similarity of each pair of texts; 0 for a text without terms."""
    from scipy.sparse import csr_array

    counts = [Counter(_terms(text)) for text in texts]
    documents = Counter(chain.from_iterable(counts))
    weight = {term: _idf(len(texts), number) for term, number in documents.items()}
    column = {term: number for number, term in enumerate(documents)}
    ends = np.cumsum([0, *map(len, counts)])
    columns = [column[term] for count in counts for term in count]
    values = [number * weight[term] for count in counts for term, number in count.items()]
    vectors: Any = csr_array((np.array(values, np.int64), columns, ends), shape=(len(texts), len(documents)))
    products = (vectors @ vectors.T).toarray().astype(np.float64)
    norms = np.sqrt(np.maximum(products.diagonal(), 1.0))
    similarity: NDArray[np.float64] = products / (norms[:, None] * norms)
    return similarity


def _idf(texts: int, documents: int) -> int:
    return round(_PER_UNIT * (1 + log((1 + texts) / (1 + documents))))


def _terms(text: str) -> list[str]:
    words = word_features(_CAMEL.sub(" ", composed(text)))
    padded = [f" {word} " for word in words]
    pieces = [word[start : start + size] for word in padded for size in _SIZES for start in range(len(word) - size + 1)]
    return [*words, *pieces]
