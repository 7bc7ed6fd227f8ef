"""What a schedule that never leaves a worker idle takes, on latencies drawn as the server draws them."""

import heapq
import random

_DRAWS = 21


def simulated_excess(rows: int, in_flight: int, median_s: float, sigma: float) -> list[float]:
    """Seconds of a work-conserving schedule over the bound that `long_tail` divides by, for some draws.

    The server does not hand out the latencies of a run, so these are others of the same distribution.
    """
    chance = random.Random(0)
    found = []
    for _ in range(_DRAWS):
        latencies = [median_s * chance.lognormvariate(0, sigma) for _ in range(rows)]
        longest = max(latencies)
        bound = max(sum(latencies) / in_flight, longest)
        found.append(_seconds(latencies, in_flight) / bound)
    return found


def _seconds(latencies: list[float], in_flight: int) -> float:
    """Each call starts when the first worker is free."""
    free_at = [0.0] * in_flight
    for latency in latencies:
        heapq.heapreplace(free_at, free_at[0] + latency)
    return max(free_at)
