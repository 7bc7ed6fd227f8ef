"""Equal texts among many: sorted by 64-bit hashes, so that no text is held as a key; texts of one hash are compared."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_AT_ONCE = 20_000  # texts that are Python objects at a time


def first_of_equal(texts: Sequence[str]) -> NDArray[np.int64]:
    """Place of the first text that equals each text; its own place, if none before it does."""
    hashes = np.concatenate([np.zeros(0, np.uint64), *map(_hashed, _slices(texts))])
    order = np.argsort(hashes, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], hashes[order][1:] != hashes[order][:-1]])) if len(order) else order
    sizes = np.diff(starts, append=len(order))
    first = np.arange(len(order))
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        seen: dict[str, int] = {}
        for place in order[start : start + size].tolist():
            first[place] = seen.setdefault(texts[place], place)
    return first


def _slices(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)]


def _hashed(texts: Sequence[str]) -> NDArray[np.uint64]:
    return pd.util.hash_array(np.array(texts, dtype=object), categorize=False)
