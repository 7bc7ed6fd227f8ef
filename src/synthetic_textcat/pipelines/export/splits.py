"""Train, validation and test splits, fixed by the plan; and a row order for batches without repeated labels.

Every planned row is assigned to a split before its text exists. The rows of a stratum (task and planned label, or task
if the model invents labels) are numbered in plan order, and each block of ten is distributed by the shares, in an order
drawn from the seed: at a share of 0.8, eight rows of every block are for training. Later rows never move earlier ones.

Rows with seed examples are grouped by the first seed example of their prompt, and these examples are numbered instead
of the rows, in the order of the task. So all rows with the same leading example share a split. A prompt shows further
examples by rotation; if these counted too, all rows of a label would form one group, and no label would be in both
train and test. Since a task has few examples, its shares are coarse.

The plan can't know which texts are similar. A training row that is a near duplicate of a validation or test row, and a
validation row that is a near duplicate of a test row, is left out of the splits. So a test set only ever grows; a row
can drop out, but never move to another split.
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
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.seed_examples import texts_shown
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.comparison import sentence_key
from synthetic_textcat.text.near_duplicates import CrossSetMatcher

TRAIN, VALIDATION, TEST = range(len(SPLITS))
LEFT_OUT = -1

_AT_ONCE = 10  # rows of a block
_DIGITS = 12

Codes = NDArray[np.int8]
"""Split of each row, as its position in `SPLITS`, or `LEFT_OUT`."""


def planned_splits(
    requests: pd.DataFrame, tasks: Sequence[Task], num_seed_examples: int, shares: SplitShares, seed: int
) -> Codes:
    """Split of each planned row, as described in the module docstring.

    Args:
        requests: The whole plan.
        tasks: Its tasks.
        num_seed_examples: Seed examples in a prompt; with 0 rows are not grouped by them.
        shares: Share of each split.
        seed: Seed of the run.
    """
    strata = requests["task_id"] + "\x1f" + requests["label"].fillna("")
    numbers = requests.groupby(strata, sort=False).cumcount().tolist()
    leads = _lead_examples(requests, [task for task in tasks if task.seed_examples]) if num_seed_examples else {}
    cuts = np.round(np.cumsum([shares.train, shares.validation]), _DIGITS)
    position = _Positions(seed)
    if not leads:
        positions = position.of_all(strata.tolist(), numbers)
    else:
        dealt = [
            (task_id, leads[row]) if row in leads else (stratum, number)
            for row, task_id, stratum, number in zip(
                plain(requests["request_id"]),
                plain(requests["task_id"]),
                strata.tolist(),
                numbers,
                strict=True,
            )
        ]
        positions = position.of_all([stratum for stratum, _ in dealt], [number for _, number in dealt])
    return np.searchsorted(cuts, positions, side="right").astype(np.int8)


def drop_cross_split_duplicates(texts: Collection[str], planned: Codes, similarity: float) -> Codes:
    """Split of each row, with `LEFT_OUT` for near duplicates of rows in another split.

    Args:
        texts: As written.
        planned: Splits by the plan.
        similarity: Jaccard similarity of character 5-grams at or above which texts must not be in different splits.
    """
    codes = planned.copy()
    if not len(texts):
        return codes
    resemblance = CrossSetMatcher([sentence_key(text) for text in texts], similarity)
    codes[resemblance.near(codes == VALIDATION, codes == TEST)] = LEFT_OUT
    codes[resemblance.near(codes == TRAIN, (codes == VALIDATION) | (codes == TEST))] = LEFT_OUT
    return codes


class _Positions:
    """Position of a row number in [0, 1), stratified: each block of ten numbers has one position in each tenth."""

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
        within = draw(*key, "within")  # for shares that are not multiples of a tenth
        return [(tenth + within) / _AT_ONCE for tenth in shuffled(range(_AT_ONCE), *key)]


def _lead_examples(requests: pd.DataFrame, tasks: Sequence[Task]) -> Mapping[str, int]:
    """Position of the first seed example in each row's prompt, among the task's seed examples, by request id."""
    places = {task.task_id: {x.text: place for place, x in enumerate(task.seed_examples)} for task in tasks}
    task_of = dict(zip(plain(requests["request_id"]), plain(requests["task_id"]), strict=True))
    return {row: places[task_of[row]][lead] for row, (lead,) in texts_shown(requests, tasks, 1).items()}


def distinct_order(labels: Sequence[str], size: int) -> list[int]:
    """Row order in which each consecutive batch of `size` rows repeats labels as little as possible.

    Labels with the most remaining rows come first, one row each; a label occurs twice in a batch only if fewer labels
    remain than the batch has room for. Rows of one label keep their order.
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
