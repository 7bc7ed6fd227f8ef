"""Even sample of the rows to judge: a share of each block of 20 planned rows of a task, by hashes.

A row's place in its block is the rank of a hash of seed, task and replicate among the 20 of the block; the first
`floor(20 * share + u)` of them are judged, u being a hash of the block. So each row is judged with probability `share`;
the sample of a smaller share is part of that of a larger one; and a longer plan, or other rows that pass the checks,
leave it as it is.
"""

from collections.abc import Iterable
from functools import lru_cache
from math import floor

from synthetic_textcat.hashing import draw

BLOCK = 20
"""Planned rows of a task in a block."""

_EVERY = 1.0

_KEPT = 100_000
"""Blocks whose samples are kept: rows of a task are spread over the plan."""


def is_judged(rows: Iterable[tuple[str, int]], share: float, seed: int) -> list[bool]:
    """Whether each row is in the sample.

    Args:
        rows: Task id and replicate of each.
        share: Share of the rows, 0 to 1.
        seed: The plan's.
    """
    if share >= _EVERY:
        return [True for _ in rows]
    return [
        share > 0 and bool(_chosen(task_id, replicate // BLOCK, share, seed) >> replicate % BLOCK & 1)
        for task_id, replicate in rows
    ]


@lru_cache(_KEPT)
def _chosen(task_id: str, block: int, share: float, seed: int) -> int:
    """The replicates of a block that are judged, a bit each."""
    replicates = range(block * BLOCK, (block + 1) * BLOCK)
    ranked = sorted(replicates, key=lambda replicate: draw(seed, "judged", task_id, replicate))
    judged = ranked[: floor(BLOCK * share + draw(seed, "judged", task_id, "block", block))]
    return sum(1 << replicate % BLOCK for replicate in judged)
