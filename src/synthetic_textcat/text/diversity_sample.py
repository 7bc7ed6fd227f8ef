"""Samples for diversity measures: fixed numbers of texts, cut to equal length; vectors of character n-grams.

Diversity scores depend more on the length and the number of texts than on their content (Shaib et al., arXiv
2403.00553; Deshpande et al., arXiv 2507.15092). So all texts of a sample have the same number of words, and the number
of rows is one of `SIZES`, so that two runs of similar size are measured on equally many rows.

A vector is a function of its text alone: n-gram counts are damped (1 + ln) and hashed into `_HASHED` columns, which a
fixed matrix of signs sums up in `_DIMENSIONS`. This is a random projection by hashing (a count sketch): it needs no
random generator and keeps cosines to within about 1 / sqrt(dimensions).

There is no inverse document frequency: it would give the least weight to what the texts share. With such weights, texts
that all begin with one template scored as more diverse than the same texts without it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw, sha256_of
from synthetic_textcat.text.batches import Batches, rows_at
from synthetic_textcat.text.minhash import mixed
from synthetic_textcat.text.words import Word, located_words

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

SIZES = (50, 100, 250, 500, 1000, 2000, 5000)
"""Sizes of a sample: the largest of these that the rows allow; all rows if there are fewer than the first."""

CUTS = (50, 30, 20, 10, 5)
"""Words that texts are cut to: the first of these that half of the rows have, else the last."""

OTHER_MIX = 0.1
"""Share of the rows from which two language mixes are reported as different; our own choice, for a note only."""

_SEEN = 2 * SIZES[-1]  # half of them suffice at the chosen cut
_GRAMS = (3, 4, 5)
_HASHED = 2**18
_DIMENSIONS = 256
_NOTHING = 1e-12  # smaller eigenvalues are rounding errors

Vectors = NDArray[np.float64]
Places = NDArray[np.int64]


class Row(NamedTuple):
    """A text that may be sampled.

    Attributes:
        request_id: Id of a generated row; empty for other texts.
        language: Planned language; empty for other texts.
        text: The whole text.
        words: All words.
    """

    request_id: str
    language: str
    text: str
    words: Sequence[Word]


@dataclass(frozen=True)
class Sample:
    """Texts of equal length.

    Attributes:
        rows: Rows in hash order, so that the first n are a sample too.
        cut: Words that each text is cut to.
        known_vectors: Vectors of the rows, if they are already computed.
    """

    rows: Sequence[Row]
    cut: int
    known_vectors: Vectors | None = field(default=None, compare=False)

    @cached_property
    def texts(self) -> list[str]:
        """The cut texts."""
        return [row.text[: row.words[self.cut - 1].end] for row in self.rows]

    @cached_property
    def words(self) -> list[list[str]]:
        """The words of each cut text."""
        return [[word.form for word in row.words[: self.cut]] for row in self.rows]

    @cached_property
    def vectors(self) -> Vectors:
        """A unit vector for each text."""
        return vectors_of(self.texts) if self.known_vectors is None else self.known_vectors

    @property
    def mean_words(self) -> float | None:
        """Mean number of words of the uncut texts."""
        return float(np.mean([len(row.words) for row in self.rows])) if self.rows else None

    @property
    def languages(self) -> dict[str, float]:
        """Share of the rows by planned language, most frequent first."""
        counts = Counter(row.language for row in self.rows)
        return {name: count / len(self.rows) for name, count in counts.most_common()}

    @property
    def sha256(self) -> str:
        """Hash of the texts: equal for samples of the same texts."""
        return sha256_of(self.texts)

    def head(self, rows: int) -> "Sample":
        """The first rows."""
        return Sample(self.rows[:rows], self.cut)

    def without(self, start: int, stop: int) -> "Sample":
        """All rows except those from `start` to before `stop`."""
        vectors = np.concatenate([self.vectors[:start], self.vectors[stop:]])
        return Sample([*self.rows[:start], *self.rows[stop:]], self.cut, vectors)


@dataclass(frozen=True)
class Pool:
    """The rows from which a sample is taken, in its order; at most twice the largest sample."""

    rows: Sequence[Row]

    @cached_property
    def cut(self) -> int:
        """The longest of `CUTS` that at least half of the rows have."""
        return next((cut for cut in CUTS if 2 * len(self.with_words(cut)) >= len(self.rows)), CUTS[-1])

    def with_words(self, cut: int) -> Sequence[Row]:
        """The rows with at least `cut` words: shorter ones can't be cut to equal length."""
        return [row for row in self.rows if len(row.words) >= cut]

    def sample(self, cut: int, rows: int) -> Sample:
        """A sample of the first rows with at least `cut` words."""
        return Sample(self.with_words(cut)[:rows], cut)


def pool_of_examples(examples: Batches) -> Pool:
    """Pool of generated rows, ordered by id: ids are hashes of seed, task and replicate, so the order is random.

    A row that is added later displaces at most one other row, and its position in the table does not matter.
    """
    chosen, start = pd.Series([], dtype="str"), 0
    for frame in examples.frames(["request_id"]):
        ids = frame["request_id"].set_axis(range(start, start + len(frame)))
        if len(chosen) == _SEEN:
            ids = ids[ids < chosen.iloc[-1]]
        chosen = pd.concat([chosen, ids]).sort_values(kind="stable").head(_SEEN)
        start += len(frame)
    rows = rows_at(examples, chosen.index.to_numpy(np.int64), ["request_id", "language", "input_text"])
    columns = zip(rows["request_id"], rows["language"], rows["input_text"], strict=True)
    return Pool([Row(request_id, language, text, located_words(text)) for request_id, language, text in columns])


def pool_of_texts(texts: Iterable[str], seed: int) -> Pool:
    """Pool of other texts, ordered by a hash draw for each."""
    chosen = nsmallest(_SEEN, texts, key=lambda text: (draw(seed, "diversity", text), text))
    return Pool([Row("", "", text, located_words(text)) for text in chosen])


def size_for(rows: int) -> int:
    """Sample size for a number of rows."""
    return max((size for size in SIZES if size <= rows), default=rows)


def mixes_differ(one: Mapping[str, float], other: Mapping[str, float], by: float) -> bool:
    """Whether the total variation distance of two language mixes is above `by`."""
    return sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in {*one, *other}) / 2 > by


def vectors_of(texts: Sequence[str]) -> Vectors:
    """Unit vectors of the texts, one row of `_DIMENSIONS` numbers each."""
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
    """Text index, hashed n-gram, and count, for each distinct n-gram of each text."""
    padded = [f" {text} ".ljust(size) for text in texts]
    lengths = np.array([len(text) for text in padded], np.int64)
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    ends = np.repeat(np.cumsum(lengths), lengths)
    within = np.arange(size, len(codes) + size) <= ends  # other windows run into the next text
    hashed = mixed(np.lib.stride_tricks.sliding_window_view(codes, size))
    grams = (hashed % np.uint64(_HASHED)).astype(np.int64)
    owners = np.repeat(np.arange(len(texts)), lengths)
    keys, counts = np.unique(owners[within] * _HASHED + grams[within[: len(grams)]], return_counts=True)
    return keys // _HASHED, keys % _HASHED, counts


def aps(vectors: Vectors) -> float | None:
    """Average pairwise similarity: the mean cosine of two texts, 1 if all are equal; lower is more diverse.

    Over all ordered pairs, by the identity sum of x·y = |sum of x|² (minus the n products of a text with itself). Used
    for synthetic data by Yu et al. (arXiv 2306.15895). None for fewer than two texts.
    """
    count = len(vectors)
    if count < 2:
        return None
    total = vectors.sum(axis=0)
    return float((total @ total - (vectors * vectors).sum()) / (count * (count - 1)))


def vendi(vectors: Vectors) -> float | None:
    """Vendi score: the effective number of dissimilar texts, 1 if all are equal; higher is more diverse.

    Friedman and Dieng (arXiv 2210.02410): exp of the entropy of the eigenvalues of the cosine matrix / n. The d by d
    matrix of column products has the same non-zero eigenvalues, so the smaller matrix is used. At most the number of
    dimensions. None for fewer than two texts. By one thread: of matrices of this size, several wait for one another.
    """
    if len(vectors) < 2:
        return None
    narrow = vectors if len(vectors) > vectors.shape[1] else vectors.T
    with _numerical_libraries().limit(limits=1):
        eigenvalues = np.linalg.eigvalsh(narrow.T @ narrow / len(vectors))
    shares = eigenvalues[eigenvalues > _NOTHING]
    return float(np.exp(-(shares * np.log(shares)).sum()))


@cache
def _numerical_libraries() -> "ThreadpoolController":
    """Numerical libraries that numpy calls, listed once: that takes longer than the score of some hundred texts."""
    from threadpoolctl import ThreadpoolController  # only where rows are measured

    return ThreadpoolController()
