"""Row order for batches without repeated labels or texts, as losses with in-batch negatives need it."""

from collections.abc import Set as AbstractSet
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.intp]


def distinct_order(
    labels: NDArray[np.integer[Any]], size: int, texts: NDArray[np.integer[Any]] | None = None
) -> Places:
    """Row order in which each consecutive batch of `size` rows repeats labels, and texts, as little as possible.

    Labels with the most remaining rows come first, one row each; a label occurs twice in a batch only if fewer labels
    remain than the batch has room for. Rows of one label keep their order, but a row whose text is in the batch waits
    for the next one, unless no other row is left. So a text is twice in a batch only near the end.

    Args:
        labels: Number of each row's label among the distinct ones, in order of appearance.
        size: Rows of a batch.
        texts: Number of each row's text; None if no two rows have the same.
    """
    counts = np.bincount(labels)
    rows, ends = np.argsort(labels, kind="stable"), np.cumsum(counts).tolist()
    following = (np.cumsum(counts) - counts).tolist()
    left = [(-rows_left, label) for label, rows_left in enumerate(counts.tolist())]
    heapify(left)
    order, end = np.empty(len(labels), np.intp), 0
    waiting: list[tuple[int, int]] = []
    in_batch: set[int] = set()
    while left or waiting:
        must_repeat = not left and end % size > 0
        if not left or end % size == 0:
            for own in waiting:
                heappush(left, own)
            waiting.clear()
        if end % size == 0:
            in_batch.clear()
        for number, label in [heappop(left) for _ in range(min(size - end % size, len(left)))]:
            if texts is not None and not must_repeat:
                ahead = rows[following[label] : ends[label]]
                place = _first_of_another_text(texts, ahead, in_batch)
                if place is None:
                    waiting.append((number, label))
                    continue
                ahead[: place + 1] = np.roll(ahead[: place + 1], 1)
            order[end] = rows[following[label]]
            if texts is not None:
                in_batch.add(int(texts[order[end]]))
            following[label] += 1
            end += 1
            if number < -1:
                heappush(left, (number + 1, label))
    return order


def _first_of_another_text(texts: NDArray[np.integer[Any]], rows: Places, others: AbstractSet[int]) -> int | None:
    return next((place for place, row in enumerate(rows) if int(texts[row]) not in others), None)
