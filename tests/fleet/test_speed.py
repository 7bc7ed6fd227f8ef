"""Two workers ask nearly twice as fast as one, where the server is slow; more rows take no more memory."""

from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.fleet.cluster import Cluster
from tests.fleet.faulted_run import lines_of, say
from tests.support.project import UP_TO_THE_CALLS, Project
from tests.support.server import FaultServer

pytestmark = pytest.mark.fleet

_ROWS = 1_200
_IN_FLIGHT = 16
_TRIES = 2
"""Another load on the machine takes more from two workers than from one."""

_SCHEDULER_MB = 100


class _Measured(NamedTuple):
    """A run up to the end of its calls.

    Attributes:
        rate: Rows a second between the first tenth and the last, by the server's clock of arrivals.
        worker_mb: Most memory that any worker has taken.
        plan: Hash of the plan.
        texts: The answers, in plan order.
    """

    rate: float
    worker_mb: float
    plan: str
    texts: list[str]


def _measured(folder: Path, workers: int, rows: int, latency_ms: int, shards: int) -> _Measured:
    folder.mkdir()
    project = Project(folder / "project")
    with FaultServer(latency_ms=latency_ms) as server, Cluster(folder, workers, OPENAI_BASE_URL=server.url) as cluster:
        params = {
            "attribute_sampling.num_examples": rows,
            "generation.max_concurrency": _IN_FLIGHT * workers,
            "cluster.shards": shards,
            "cluster.address": cluster.address,
        }
        typed = ",".join(f"{name}={value}" for name, value in params.items())
        options = ("--pipelines", UP_TO_THE_CALLS, "--env", "openai", "--params", typed)
        run = project.start(*options, OPENAI_API_KEY="none", OPENAI_BASE_URL=server.url)
        said, _ = run.communicate(timeout=1_200)
        assert run.returncode == 0, said[-3_000:]
        arrivals = sorted(server.stats()["arrivals_s"])
        assert _peak_mb(cluster.scheduler) < _SCHEDULER_MB  # no text and no library of ours is there
        worker_mb = max(map(_peak_mb, cluster.workers))
    assert len(lines_of(project)) == rows
    begin, finish = rows // 10, rows * 9 // 10
    rate = (finish - begin) / float(arrivals[finish] - arrivals[begin])
    plan = project.path("data/03_primary/plan_sha256").read_text(encoding="utf-8")
    return _Measured(rate, worker_mb, plan, project.table("candidates")["input_text"].tolist())


def _peak_mb(process: int) -> float:
    """Most memory that a process has taken; the present memory where the system does not say."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return float(psutil.Process(process).memory_info().rss / 1e6)
    (line,) = [line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1_024 / 1e6


def test_two_workers_are_nearly_twice_as_fast_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratios: list[float] = []
    while len(ratios) < _TRIES and max(ratios, default=0.0) < 1.85:
        one, two = (_measured(tmp_path / f"{len(ratios)}-{number}", number, _ROWS, 200, 2) for number in (1, 2))
        assert (one.plan, one.texts) == (two.plan, two.texts)
        ratios.append(two.rate / one.rate)
        say(capsys, f"rows/s of one worker {one.rate:.1f}, of two {two.rate:.1f}: {ratios[-1]:.2f} times")
    assert max(ratios) >= 1.85


def test_ten_times_the_rows_take_no_more_memory_of_a_worker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few, many = (_measured(tmp_path / str(rows), 1, rows, 5, rows // 500) for rows in (1_500, 15_000))
    say(capsys, f"memory of a worker for 1,500 rows {few.worker_mb:.0f} MB, for 15,000 rows {many.worker_mb:.0f} MB")
    assert many.worker_mb <= 1.15 * few.worker_mb
