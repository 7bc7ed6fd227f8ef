"""Language identification of many texts at once: the model of py3langid, evaluated with numpy and scipy.

The model is a finite automaton over the bytes of a text, whose final states are features (byte n-grams), and a naive
Bayes classifier over the features' counts. py3langid follows the automaton byte by byte in Python. Here the texts are
moved through it side by side, one byte of each at a step, and all are scored by one product of sparse counts and the
model's weights. The probabilities are those of py3langid but for the rounding of 32-bit sums (`ROUNDING`).
"""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ROUNDING = 0.03
"""Bound of the difference from py3langid in the logarithm of the odds of a language; 0.0005 is the largest measured."""

_AT_ONCE = 2_000  # texts in memory as states and features: some 20 MB for excerpts of 300 characters
_ROW_BITS = 8  # a row of the table of transitions has an entry for each value of a byte

Probabilities = NDArray[np.float32]
_Features = tuple[NDArray[np.intp], NDArray[np.int64]]


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
        places, features = self._visited(b"".join(encoded), lengths)
        width = len(self._weights)
        visited, times = np.unique(places * width + features, return_counts=True)
        texts_of, columns = np.divmod(visited, width)
        starts = np.searchsorted(texts_of, np.arange(len(texts) + 1))
        counts = csr_array((np.log1p(times.astype(np.float32)), columns, starts), shape=(len(texts), width))
        scores = counts @ self._weights + self._priors
        scores[starts[1:] == starts[:-1]] = 0  # no feature says nothing, not even which language is frequent
        scores /= np.sqrt(np.maximum(lengths, 1))[:, None].astype(np.float32)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        for kept, repeated in self._repeated:
            scores[:, kept] += scores[:, repeated]
            scores[:, repeated] = 0
        return np.asarray(scores, np.float32)

    def _visited(self, joined: bytes, lengths: NDArray[np.int64]) -> _Features:
        """Features that the texts visit: text and feature of each visit, in no particular order."""
        visits = list(self._steps(np.frombuffer(joined, np.uint8), lengths))
        if not visits:
            return np.zeros(0, np.intp), np.zeros(0, np.int64)
        features = self._feature_of[np.concatenate([states for _, states in visits])]
        texts_of = np.concatenate([texts for texts, _ in visits])
        is_feature = features >= 0
        return texts_of[is_feature], features[is_feature].astype(np.int64)

    def _steps(
        self, joined: NDArray[np.uint8], lengths: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.uint32]]]:
        """The texts that have a byte at each position, and the states in which it leaves them."""
        longest_first = np.argsort(-lengths, kind="stable")
        starts = (np.cumsum(lengths) - lengths)[longest_first]
        going_on = np.searchsorted(-lengths[longest_first], -np.arange(lengths.max(initial=0)), side="left")
        states = np.zeros(len(lengths), np.uint32)
        for position, count in enumerate(going_on.tolist()):
            entries = self._row_starts[states[:count]] + joined[starts[:count] + position]
            states = self._next[entries]
            yield longest_first[:count], states


def _bytes_of(text: str) -> bytes:
    """The text as py3langid reads it: in NFC, and a text in capitals in small letters."""
    if text.isupper():
        text = text.lower()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
