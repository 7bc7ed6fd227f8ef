"""Language identification of many texts at once: the model of py3langid, evaluated with numpy and scipy.

The model is a finite automaton over the bytes of a text, whose final states are features (byte n-grams), and a naive
Bayes classifier over the features' counts. py3langid follows the automaton byte by byte in Python. Here the texts are
moved through it side by side, one byte of each at a step, and all are scored by one product of sparse counts and the
model's weights. The probabilities are those of py3langid but for the rounding of 32-bit sums (`ROUNDING`).
"""

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ROUNDING = 0.03
"""Bound of the difference from py3langid in the logarithm of the odds of a language; 0.0005 is the largest measured."""

_AT_ONCE = 2_000  # texts in memory as states and features: some 20 MB for excerpts of 300 characters
_ROW_BITS = 8  # a row of the table of transitions has an entry for each value of a byte

Probabilities = NDArray[np.float32]


class _Features(NamedTuple):
    """Features of texts, as the parts of a sparse matrix in compressed rows.

    Attributes:
        times: How often a text has a feature.
        columns: The feature.
        starts: Where each text begins among these, and the last one ends.
    """

    times: NDArray[np.intp]
    columns: NDArray[np.int32]
    starts: NDArray[np.intp]


class BatchIdentifier:
    """Language probabilities of many texts.

    Args:
        identifier: A model with normalised probabilities, restricted to the languages in question.

    Attributes:
        labels: Language code of each column of the probabilities; of a code that occurs twice, the first column counts.
    """

    def __init__(self, identifier: "LanguageIdentifier") -> None:
        self.labels: tuple[str, ...] = tuple(identifier.nb_classes)
        self._next = np.frombuffer(identifier.tk_nextmove, np.uint32)
        self._row_starts = np.asarray(identifier.tk_row, np.intp) << _ROW_BITS
        self._feature_of = np.asarray(identifier.tk_output, np.int32)
        self._weights, self._priors = identifier.nb_ptc, identifier.nb_pc
        self._feature_bits = np.uint32(len(self._weights).bit_length())
        first: dict[str, int] = {}
        self._repeated = [(first[code], at) for at, code in enumerate(self.labels) if first.setdefault(code, at) != at]

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Probability of each language (columns: `labels`) for each text (rows); even for a text without a feature."""
        parts = [self._scored(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.labels)), np.float32)

    def _scored(self, texts: Sequence[str]) -> Probabilities:
        from scipy.sparse import csr_array

        encoded = [_bytes_of(text) for text in texts]
        lengths = np.array([len(each) for each in encoded])
        longest_first = np.argsort(-lengths, kind="stable")
        starts = (np.cumsum(lengths) - lengths)[longest_first]
        lengths = lengths[longest_first]
        found = self._features(np.frombuffer(b"".join(encoded), np.uint8), starts, lengths)
        weights = np.log1p(found.times.astype(np.float32))
        counts = csr_array((weights, found.columns, found.starts), shape=(len(texts), len(self._weights)))
        scores = counts @ self._weights + self._priors
        has_none = found.starts[1:] == found.starts[:-1]
        scores[has_none] = 0  # no feature says nothing, not even which language is frequent
        scores /= np.sqrt(np.maximum(lengths, 1))[:, None].astype(np.float32)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        for kept, repeated in self._repeated:
            scores[:, kept] += scores[:, repeated]
            scores[:, repeated] = 0
        in_order = np.empty(scores.shape, np.float32)
        in_order[longest_first] = scores
        return in_order

    def _features(self, joined: NDArray[np.uint8], starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> _Features:
        """Features that the texts visit.

        Args:
            joined: Bytes of all texts.
            starts: Where each text begins among them.
            lengths: Bytes of each text, the most first.
        """
        going_on = np.searchsorted(-lengths, -np.arange(lengths.max(initial=0)), side="left")
        visited = np.empty(int(lengths.sum()), np.uint32)  # states, byte after byte, each of the texts that have one
        states, end = np.zeros(len(lengths), np.uint32), 0
        for position, count in enumerate(going_on.tolist()):
            entries = self._row_starts[states[:count]]
            entries += joined[starts[:count] + position]
            states, end = visited[end : end + count], end + count
            self._next.take(entries, out=states, mode="clip")
        features = self._feature_of[visited]
        texts_of = np.arange(len(visited), dtype=np.uint32)
        texts_of -= np.repeat(np.cumsum(going_on) - going_on, going_on).astype(np.uint32)
        is_feature = features >= 0
        visits = (texts_of[is_feature] << self._feature_bits) | features[is_feature].astype(np.uint32)
        visits.sort()
        is_first = np.ones(len(visits), np.bool_)
        np.not_equal(visits[1:], visits[:-1], out=is_first[1:])
        firsts = np.flatnonzero(is_first)
        each = visits[firsts]
        bounds = np.searchsorted(each >> self._feature_bits, np.arange(len(lengths) + 1, dtype=np.uint32))
        columns = (each & np.uint32((1 << self._feature_bits) - 1)).astype(np.int32)
        return _Features(np.diff(firsts, append=len(visits)), columns, bounds)


def _bytes_of(text: str) -> bytes:
    """The text as py3langid reads it: in NFC, and a text in capitals in small letters."""
    if text.isupper():
        text = text.lower()
    if text.isascii():
        return text.encode()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
