"""An order of the rows in which a batch holds no label twice: with in-batch negatives it would be its own rival."""

from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heappush


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
