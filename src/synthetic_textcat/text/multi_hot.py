"""Multi-hot encoding: label sets as a matrix of 0 and 1, a row a text and a column a label."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MultiHot = NDArray[np.int8]


def multi_hot(sets: Sequence[Sequence[str]], names: Sequence[str]) -> MultiHot:
    """The label sets as rows of 0 and 1.

    Args:
        sets: Labels of each text.
        names: The label set of the task; the columns have its order.

    Raises:
        KeyError: With the first label that is not among the names.
    """
    places = {name: place for place, name in enumerate(names)}
    codes, distinct = pd.factorize(np.fromiter(sets, object, len(sets)))
    rows = np.zeros((len(distinct), len(names)), np.int8)
    for row, labels in enumerate(distinct.tolist()):
        for label in labels:
            rows[row, places[label]] = 1
    matrix: MultiHot = rows[codes]
    return matrix


def sets_of(matrix: NDArray[np.integer[Any]], names: Sequence[str]) -> list[tuple[str, ...]]:
    """The label sets of a matrix, in the order of the names."""
    patterns, codes = np.unique(matrix, axis=0, return_inverse=True)
    sets = [tuple(names[place] for place in np.flatnonzero(pattern).tolist()) for pattern in patterns]
    return [sets[code] for code in codes.ravel().tolist()]
