"""How many rows each task gets, and in which order they stand in the plan."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_Numbers = NDArray[np.int64]


class Dealt(NamedTuple):
    """The plan's rows, in order: which task, and the row's number within it."""

    task: _Numbers
    replicate: _Numbers


def deal(weights: Sequence[float], rows: int) -> Dealt:
    """Rows dealt round the tasks: each next one goes to the task that is furthest behind its weight.

    Replicate r of a task of weight w stands at (2r + 1) / w, ties by the tasks' order: Sainte-Laguë's rule. So a longer
    plan begins with the shorter one, and tasks of equal weights get the same number to within one.
    """
    weight = np.asarray(weights, dtype=np.float64)
    reach = (2 * rows + len(weight)) / weight.sum()  # up to here there are as many rows at least
    counts = np.floor((reach * weight + 1) / 2).astype(np.int64) + 1
    task = np.repeat(np.arange(len(weight)), counts)
    replicate = np.arange(len(task)) - np.repeat(np.cumsum(counts) - counts, counts)
    place: NDArray[Any] = (2 * replicate + 1) / weight[task]
    order = np.lexsort((task, place))[:rows]
    return Dealt(task[order], replicate[order])
