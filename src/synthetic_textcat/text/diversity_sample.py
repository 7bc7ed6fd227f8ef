"""The sample on which diversity is measured: so many rows, each cut to so many words.

Scores of diversity depend on the length and on the number of texts more than on what is in them (Shaib et al., arXiv
2403.00553; Deshpande et al., arXiv 2507.15092). So all texts of a sample have the same number of words, and the number
of rows is one of a few, so that two runs of nearly equal size are measured on equally many.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nsmallest
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.hashing import draw, sha256_of
from synthetic_textcat.text.spread import Vectors, vectors_of
from synthetic_textcat.text.words import Word, words_of

SIZES = (50, 100, 250, 500, 1000, 2000, 5000)
"""Rows of a sample: the most of these that there are; all where there are fewer than the first."""

CUTS = (50, 30, 20, 10, 5)
"""Words that each text is cut to: the first of these that half of the rows have; the last where none is."""

OTHER_MIX = 0.1
"""Share of the rows from which on two mixes of languages are told to be others; our own choice, and for a note only."""

_SEEN = 2 * SIZES[-1]  # half of them suffice at the chosen cut


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
    return Pool([Row(request_id, language, text, words_of(text)) for request_id, language, text in columns])


def pool_of_texts(texts: Iterable[str], seed: int) -> Pool:
    """Texts that are not ours, by a draw for each."""
    chosen = nsmallest(_SEEN, texts, key=lambda text: (draw(seed, "diversity", text), text))
    return Pool([Row("", "", text, words_of(text)) for text in chosen])


def size_for(rows: int) -> int:
    """How many of so many rows are sampled."""
    return max((size for size in SIZES if size <= rows), default=rows)


def mixes_differ(one: Mapping[str, float], other: Mapping[str, float], by: float) -> bool:
    """Whether more than a share `by` of the rows would have to be in another language (total variation distance)."""
    return sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in {*one, *other}) / 2 > by
