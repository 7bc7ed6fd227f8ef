"""Train, validation and test splits, fixed by the plan; and a row order for batches without a repeated label.

Every planned row has a split of its own before it is written. The rows of a task and planned label (of a task, where
the model invents labels) are numbered in plan order, and each ten of them are dealt by the shares, in an order drawn
from the seed: of any ten, eight are for training at 0.8. More rows come after, and move none.

Rows that were shown seed examples are dealt by the example that came first in their prompt, and examples instead of
rows are numbered, in the order of the task. So all rows that lead with one example are on one side. A prompt shows some
further examples too, by rotation; were those counted as well, all rows of a label would be one group, and no label
would be both trained and tested. The few examples that a task has make its shares coarse.

What the plan can't know is which texts came out alike. A row for training that is nearly one of validation or test, and
one of validation that is nearly one of test, is left out of the splits. So a test set only ever grows; and a row can
drop out, but never appear on another side.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from heapq import heapify, heappop, heappush

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw, shuffled
from synthetic_textcat.schemas.parameters import SplitShares
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.seed_examples import texts_shown
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.text.near_duplicates import CrossSetMatcher

TRAIN, VALIDATION, TEST = range(len(SPLITS))
LEFT_OUT = -1

_AT_ONCE = 10  # rows of one label that are dealt together
_DIGITS = 12

Codes = NDArray[np.int8]
"""By row its place in `SPLITS`, or `LEFT_OUT`."""


def planned_splits(
    requests: pd.DataFrame, tasks: Sequence[Task], num_seed_examples: int, shares: SplitShares, seed: int
) -> Codes:
    """The split of each planned row, as the module says.

    Args:
        requests: The whole plan.
        tasks: Its tasks.
        num_seed_examples: How many seed examples a prompt shows; with 0 they count for nothing.
        shares: Of all rows, by split.
        seed: Of the run.
    """
    strata = requests["task_id"] + "\x1f" + requests["label"].fillna("")
    numbers = requests.groupby(strata, sort=False).cumcount().to_numpy()
    leads = _lead_examples(requests, [task for task in tasks if task.seed_examples]) if num_seed_examples else {}
    cuts = np.round(np.cumsum([shares.train, shares.validation]), _DIGITS)
    position = _Positions(seed)
    if not leads:
        positions = position.of_all(strata.tolist(), numbers.tolist())
    else:
        dealt = [
            (task_id, leads[row]) if row in leads else (stratum, number)
            for row, task_id, stratum, number in zip(
                requests["request_id"], requests["task_id"], strata, numbers.tolist(), strict=True
            )
        ]
        positions = position.of_all([stratum for stratum, _ in dealt], [number for _, number in dealt])
    return np.searchsorted(cuts, positions, side="right").astype(np.int8)


def kept_apart(texts: Collection[str], planned: Codes, similarity: float) -> Codes:
    """The split of each row, with `LEFT_OUT` for those that are too near a row which they must not meet.

    Args:
        texts: As written.
        planned: Their splits by the plan.
        similarity: Jaccard of the character 5-grams, from which on two texts must not be on two sides.
    """
    codes = planned.copy()
    if not len(texts):
        return codes
    resemblance = CrossSetMatcher([normalise(text) for text in texts], similarity)
    codes[resemblance.near(codes == VALIDATION, codes == TEST)] = LEFT_OUT
    codes[resemblance.near(codes == TRAIN, (codes == VALIDATION) | (codes == TEST))] = LEFT_OUT
    return codes


class _Positions:
    """Where in [0, 1) a number of a stratum lies: of each ten numbers one in each tenth."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._ten = cache(self._drawn)

    def of_all(self, strata: Sequence[str], numbers: Sequence[int]) -> NDArray[np.float64]:
        pairs = zip(strata, numbers, strict=True)
        return np.fromiter(self._each(pairs), np.float64, count=len(strata))

    def _each(self, pairs: Iterator[tuple[str, int]]) -> Iterator[float]:
        for stratum, number in pairs:
            block, place = divmod(number, _AT_ONCE)
            yield self._ten(stratum, block)[place]

    def _drawn(self, stratum: str, block: int) -> list[float]:
        key = (self._seed, "split", stratum, block)
        within = draw(*key, "within")  # for shares that are no tenths
        return [(tenth + within) / _AT_ONCE for tenth in shuffled(range(_AT_ONCE), *key)]


def _lead_examples(requests: pd.DataFrame, tasks: Sequence[Task]) -> Mapping[str, int]:
    """Request id → place, among its task's seed examples, of the one that its prompt shows first."""
    places = {task.task_id: {x.text: place for place, x in enumerate(task.seed_examples)} for task in tasks}
    task_of = dict(zip(requests["request_id"], requests["task_id"], strict=True))
    return {row: places[task_of[row]][lead] for row, (lead,) in texts_shown(requests, tasks, 1).items()}


def distinct_order(labels: Sequence[str], size: int) -> list[int]:
    """Places of the rows, so that each run of `size` of them, from the first on, repeats a label as little as possible.

    The labels with the most rows left come first, one row each; a label comes twice in a batch only when fewer labels
    are left than the batch has places. Rows of one label keep their order.
    """
    rows: dict[str, deque[int]] = {}
    for place, label in enumerate(labels):
        rows.setdefault(label, deque()).append(place)
    left = [(-len(own), place, label) for place, (label, own) in enumerate(rows.items())]
    heapify(left)
    order: list[int] = []
    while left:
        room = size - len(order) % size
        taken = [heappop(left) for _ in range(min(room, len(left)))]
        for number, place, label in taken:
            order.append(rows[label].popleft())
            if number < -1:
                heappush(left, (number + 1, place, label))
    return order
