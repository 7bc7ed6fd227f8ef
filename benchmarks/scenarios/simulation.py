"""What a schedule that never leaves a worker idle takes."""

import heapq
from collections.abc import Iterable


def work_conserving_s(latencies_s: Iterable[float], in_flight: int) -> float:
    """Seconds from the first call to the last reply where each call starts as soon as a worker is free.

    Args:
        latencies_s: How long each reply takes, in the order of the calls.
        in_flight: How many workers there are.
    """
    free_at = [0.0] * in_flight
    for latency in latencies_s:
        heapq.heapreplace(free_at, free_at[0] + latency)
    return max(free_at)
