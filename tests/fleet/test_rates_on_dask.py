"""Rate limits hold over the processes of a Dask cluster, one of which is killed; a real server notes arrivals."""

import logging
import os
import signal
import time
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.llm.engine.leases import Limits
from tests.fleet.rate_shard import RUN_ID, ask_until
from tests.support.server import FaultServer

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.fleet, pytest.mark.filterwarnings("ignore")]

SECONDS = 60.0
KILLED_AFTER_S = 20.0
SETTLING_S = 4.0
"""Seconds at both ends that are not counted: the workers start, and end, one after the other."""


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("limits", [{"requests_per_minute": 1800}, {"tokens_per_minute": 240_000}], ids=str)
def test_no_ten_seconds_exceed_a_sixth_of_the_limit_and_nine_tenths_are_used(
    workers: int, limits: dict[str, Any], tmp_path: Path
) -> None:
    from synthetic_textcat.fleet.meter_plugin import RunMeter

    limits = {"max_concurrency": 48, **limits}
    with (
        FaultServer(latency_ms=300, latency_sigma=0.3) as server,
        distributed.LocalCluster(
            workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        ) as cluster,
        distributed.Client(cluster) as client,
        RunMeter(client, RUN_ID, Limits(**limits)),
    ):
        end = time.time() + SECONDS
        futures = [
            client.submit(ask_until, end, shard, server.url, tmp_path, limits, pure=False) for shard in range(workers)
        ]
        time.sleep(KILLED_AFTER_S)
        os.kill(int(next(tmp_path.glob("shard-0-*.pid")).read_text()), signal.SIGKILL)
        client.gather(futures)
        arrivals = server.stats()["arrivals_s"]
    calls = sorted(
        (float(began), float(tokens))
        for path in tmp_path.glob("*.txt")
        for began, _, tokens in (line.partition(" ") for line in path.read_text().splitlines() if " " in line)
    )
    if (requests := limits.get("requests_per_minute")) is not None:
        assert _busiest(arrivals, [1.0] * len(arrivals)) <= requests / 6
        assert _per_minute(arrivals, [1.0] * len(arrivals)) >= 0.9 * requests
    if (allowed := limits.get("tokens_per_minute")) is not None:
        began, tokens = zip(*calls, strict=True)
        assert _busiest(began, tokens) <= allowed / 6
        assert _per_minute(began, tokens) >= 0.9 * allowed


def _busiest(times: Sequence[float], amounts: Sequence[float], seconds: float = 10.0) -> float:
    """The most in any window of so many seconds."""
    sums = [0.0, *accumulate(amounts)]
    return max(sums[bisect_right(times, at + seconds)] - sums[place] for place, at in enumerate(times))


def _per_minute(times: Sequence[float], amounts: Sequence[float]) -> float:
    """The rate between both ends of the run."""
    first, last = times[0] + SETTLING_S, times[-1] - SETTLING_S
    return 60 * sum(amount for at, amount in zip(times, amounts, strict=True) if first <= at < last) / (last - first)
