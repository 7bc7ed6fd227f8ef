"""How rows are held out in turn, and from how many rows on that tells anything."""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

FOLDS = 5
FEWEST_ROWS = 50
"""Below it a score of held-out rows moves by tenths with the luck of the rows."""

FEWEST_OF_A_LABEL = 5
"""One row for each of the `FOLDS`, so that each fold both learns and holds out the label."""


def folds_of(labels: Codes) -> Codes:
    """In which of the `FOLDS` folds each row is held out; each label is spread evenly over them, in the rows' order."""
    order = np.argsort(labels, kind="stable")
    folds = np.empty(len(order), dtype=np.int64)
    folds[order] = np.arange(len(order)) % FOLDS
    return folds
