"""Samples for diversity measures: as many texts, cut to as many words; character n-gram vectors.

Scores of diversity depend on the length and on the number of texts more than on what is in them (Shaib et al., arXiv
2403.00553; Deshpande et al., arXiv 2507.15092). So all texts of a sample have the same number of words, and the number
of rows is one of a few, so that two runs of nearly equal size are measured on equally many.

A vector is a function of its text alone: counts are damped (1 + ln), and hashed into
`_HASHED` columns, which a fixed matrix of signs sums up in `_DIMENSIONS`. That is a random projection whose chance is
the hash (a count sketch), so it needs no generator and keeps cosines to within some 1 / sqrt(dimensions).

Grams are not weighted by how rare they are in the sample: what its texts share would weigh least. With such weights
texts that all begin with one template came out as more diverse than the same without it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nsmallest
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw, sha256_of
from synthetic_textcat.text.near_duplicates import mixed
from synthetic_textcat.text.words import Word, located_words

SIZES = (50, 100, 250, 500, 1000, 2000, 5000)
"""Rows of a sample: the most of these that there are; all where there are fewer than the first."""

CUTS = (50, 30, 20, 10, 5)
"""Words that each text is cut to: the first of these that half of the rows have; the last where none is."""

OTHER_MIX = 0.1
"""Share of the rows from which on two mixes of languages are told to be others; our own choice, and for a note only."""

_SEEN = 2 * SIZES[-1]  # half of them suffice at the chosen cut
_GRAMS = (3, 4, 5)
_HASHED = 2**18
_DIMENSIONS = 256
_NOTHING = 1e-12  # eigenvalues below are rounding errors

Vectors = NDArray[np.float64]
Places = NDArray[np.int64]


class Row(NamedTuple):
    """A text that may be sampled.

    Attributes:
        request_id: Empty for a text that is not ours.
        language: As planned; empty for a text that is not ours.
        text: As it is.
        words: All of them.
    """

    request_id: str
    language: str
    text: str
    words: Sequence[Word]


@dataclass(frozen=True)
class Sample:
    """Texts of equal length.

    Attributes:
        rows: In an order that is a hash's: the first n are a sample too.
        cut: Words that each text is cut to.
        known_vectors: Those of the rows, where somebody has made them already.
    """

    rows: Sequence[Row]
    cut: int
    known_vectors: Vectors | None = field(default=None, compare=False)

    @cached_property
    def texts(self) -> list[str]:
        """The texts, cut."""
        return [row.text[: row.words[self.cut - 1].end] for row in self.rows]

    @cached_property
    def words(self) -> list[list[str]]:
        """The words of each, cut."""
        return [[word.form for word in row.words[: self.cut]] for row in self.rows]

    @cached_property
    def vectors(self) -> Vectors:
        """A unit vector of each."""
        return vectors_of(self.texts) if self.known_vectors is None else self.known_vectors

    @property
    def mean_words(self) -> float | None:
        """Of the texts before they were cut."""
        return float(np.mean([len(row.words) for row in self.rows])) if self.rows else None

    @property
    def languages(self) -> dict[str, float]:
        """Share of the rows by planned language, the most first."""
        counts = Counter(row.language for row in self.rows)
        return {name: count / len(self.rows) for name, count in counts.most_common()}

    @property
    def sha256(self) -> str:
        """Tells whether two samples are the same texts."""
        return sha256_of(self.texts)

    def head(self, rows: int) -> "Sample":
        """The first so many."""
        return Sample(self.rows[:rows], self.cut)

    def without(self, start: int, stop: int) -> "Sample":
        """All but the rows from a place on to before another."""
        vectors = np.concatenate([self.vectors[:start], self.vectors[stop:]])
        return Sample([*self.rows[:start], *self.rows[stop:]], self.cut, vectors)


@dataclass(frozen=True)
class Pool:
    """The rows that a sample is taken from, in its order; at most twice as many as the largest sample has."""

    rows: Sequence[Row]

    @cached_property
    def cut(self) -> int:
        """The longest of `CUTS` that at least half of the rows have."""
        return next((cut for cut in CUTS if 2 * len(self.with_words(cut)) >= len(self.rows)), CUTS[-1])

    def with_words(self, cut: int) -> Sequence[Row]:
        """The rows of at least so many words: shorter ones can't be cut to an equal length."""
        return [row for row in self.rows if len(row.words) >= cut]

    def sample(self, cut: int, rows: int) -> Sample:
        """The first rows of that length."""
        return Sample(self.with_words(cut)[:rows], cut)


def pool_of_examples(examples: pd.DataFrame) -> Pool:
    """Rows of `examples`, by their ids: these are hashes of seed, task and replicate, so their order is by chance.

    A row that is added later displaces at most one other, and where a row stands in the table does not matter.
    """
    ids = examples["request_id"].tolist()
    chosen = examples.iloc[nsmallest(_SEEN, range(len(ids)), key=ids.__getitem__)]
    columns = zip(chosen["request_id"], chosen["language"], chosen["input_text"], strict=True)
    return Pool([Row(request_id, language, text, located_words(text)) for request_id, language, text in columns])


def pool_of_texts(texts: Iterable[str], seed: int) -> Pool:
    """Texts that are not ours, by a draw for each."""
    chosen = nsmallest(_SEEN, texts, key=lambda text: (draw(seed, "diversity", text), text))
    return Pool([Row("", "", text, located_words(text)) for text in chosen])


def size_for(rows: int) -> int:
    """How many of so many rows are sampled."""
    return max((size for size in SIZES if size <= rows), default=rows)


def mixes_differ(one: Mapping[str, float], other: Mapping[str, float], by: float) -> bool:
    """Whether more than a share `by` of the rows would have to be in another language (total variation distance)."""
    return sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in {*one, *other}) / 2 > by


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
