"""Good rows beyond the target."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, cells_of


def beyond_target(
    stands: NDArray[np.bool_], requests: pd.DataFrame, candidates: pd.DataFrame, sampling: AttributeSamplingParameters
) -> NDArray[np.bool_]:
    """Which candidates are good and more than their cell was asked for; the first of a cell in plan order are not.

    Args:
        stands: Which candidates passed all checks.
        requests: The plan, by whose labels cells go.
        candidates: In plan order.
        sampling: The target and the columns of a cell; without a target nothing is too much.
    """
    if sampling.target_accepted is None:
        return np.zeros(len(candidates), bool)
    planned = requests.set_index("request_id").loc[candidates["request_id"]]
    return stands & (_numbers(cells_of(planned, sampling.per), stands) > sampling.target_accepted)


def _numbers(cells: Sequence[Cell], stands: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The how manyth good row of its cell each is."""
    had: Counter[Cell] = Counter()
    numbers = []
    for cell, is_good in zip(cells, stands.tolist(), strict=True):
        had[cell] += is_good
        numbers.append(had[cell])
    return np.array(numbers, np.int64)
