"""Macro-F1 of many samples of the same rows, as a bootstrap draws them."""

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.folds import Codes

Floats = NDArray[np.float64]


class Resampled:
    """The macro-F1 of many samples at once, over the labels that each has: rows count by their pair of label and guess.

    Args:
        labels, guessed: Of all rows.
    """

    def __init__(self, labels: Codes, guessed: Codes) -> None:
        kinds = int(max(labels.max(), guessed.max())) + 1
        pairs, self._pair_of = np.unique(labels * kinds + guessed, return_inverse=True)
        self._own, self._named = np.eye(kinds)[pairs // kinds], np.eye(kinds)[pairs % kinds]

    def __call__(self, rows: NDArray[np.int64], axis: int = -1) -> Floats:
        """Of each sample, whose rows are numbered along the axis."""
        samples = np.moveaxis(rows, axis, -1)
        flat = self._pair_of[samples.reshape(-1, samples.shape[-1])]
        kinds = len(self._own)
        numbered = flat + kinds * np.arange(len(flat))[:, None]
        counts = np.bincount(numbered.ravel(), minlength=kinds * len(flat)).reshape(len(flat), kinds)
        hits, own, named = (counts @ table for table in (self._own * self._named, self._own, self._named))
        f1 = 2 * hits / np.maximum(own + named, 1)
        there = own > 0
        means: Floats = (f1 * there).sum(axis=1) / there.sum(axis=1)
        return means.reshape(samples.shape[:-1])
