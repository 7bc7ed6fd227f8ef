"""Even sample of the rows to judge: a share of each block of 20 planned rows of a task, by hashes.

A row's place in its block is the rank of a hash of seed, task and replicate among the 20 of the block; the first
`floor(20 * share + u)` of them are judged, u being a hash of the block. So each row is judged with probability `share`;
the sample of a smaller share is part of that of a larger one; and a longer plan, or other rows that pass the checks,
leave it as it is.
"""

from collections.abc import Iterable
from functools import cache
from math import floor

from synthetic_textcat.hashing import draw

BLOCK = 20
"""Planned rows of a task in a block."""

_EVERY = 1.0


def is_judged(rows: Iterable[tuple[str, int]], share: float, seed: int) -> list[bool]:
    """Whether each row is in the sample.

    Args:
        rows: Task id and replicate of each.
        share: Share of the rows, 0 to 1.
        seed: The plan's.
    """

    @cache
    def chosen(task_id: str, block: int) -> frozenset[int]:
        return _chosen(task_id, block, share, seed)

    if share >= _EVERY:
        return [True for _ in rows]
    return [share > 0 and replicate in chosen(task_id, replicate // BLOCK) for task_id, replicate in rows]


def _chosen(task_id: str, block: int, share: float, seed: int) -> frozenset[int]:
    """The replicates of a block that are judged."""
    replicates = range(block * BLOCK, (block + 1) * BLOCK)
    ranked = sorted(replicates, key=lambda replicate: draw(seed, "judged", task_id, replicate))
    return frozenset(ranked[: floor(BLOCK * share + draw(seed, "judged", task_id, "block", block))])
