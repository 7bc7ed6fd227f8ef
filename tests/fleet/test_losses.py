"""A cluster that has lost all its workers: what the run says, how long it waits, and when it goes on."""

import logging

import pytest

from synthetic_textcat.errors import ClusterError
from synthetic_textcat.fleet.losses import WorkerWatch

_ADDRESS = "tcp://10.0.0.5:8786"


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _watched(caplog: pytest.LogCaptureFixture, longest_s: float | None, *noted: tuple[float, int]) -> list[str]:
    """Log lines of a watch that notes so many workers, so many seconds after the last time."""
    caplog.set_level(logging.INFO, "synthetic_textcat")
    clock = _Clock()
    watch = WorkerWatch(longest_s, clock)
    for later_s, workers in noted:
        clock.now += later_s
        watch.note(workers, _ADDRESS)
    return [record.getMessage() for record in caplog.records]


def test_workers_that_are_started_again_within_seconds_are_no_news(caplog: pytest.LogCaptureFixture) -> None:
    assert _watched(caplog, 600, (0, 2), (1, 0), (9, 0), (0.5, 1), (20, 0), (9, 0)) == []


def test_a_cluster_without_workers_is_reported_once_with_the_next_step(caplog: pytest.LogCaptureFixture) -> None:
    said = _watched(caplog, 600, (0, 2), (1, 0), (11, 0), (60, 0), (60, 1), (60, 0), (11, 0))
    left, joined, again = said
    assert left.startswith("No Dask worker is left since 20")
    assert "What has arrived is saved; the run waits until 20" in left
    assert left.endswith(f"Next: start one (dask worker {_ADDRESS} --nthreads 1)")
    assert joined == "A Dask worker has joined: the run goes on"
    assert again.startswith("No Dask worker is left since 20")


def test_the_wait_for_a_worker_ends_the_run_or_lasts(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ClusterError) as error:
        _watched(caplog, 60, (0, 0), (50, 0), (10, 0))
    said = str(error.value)
    assert said.startswith(f"The Dask scheduler at {_ADDRESS} has had no worker for 60 s (cluster.max_wait_seconds=60)")
    assert f"What has arrived is saved. Next: start workers (dask worker {_ADDRESS} --nthreads 1), and run" in said
    (unbounded,) = _watched(caplog, None, (0, 0), (100_000, 0))[-1:]
    assert "the run waits, and goes on with the first worker" in unbounded
