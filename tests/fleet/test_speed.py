"""Two workers ask nearly twice as fast as one, where the server is slow and calls in flight are what limits."""

import time
from pathlib import Path

import psutil
import pytest

from tests.fleet.cluster import Cluster
from tests.fleet.faulted_run import lines_of
from tests.support.project import Project
from tests.support.server import FaultServer

pytest.importorskip("distributed")
pytestmark = [pytest.mark.fleet, pytest.mark.whole_run]

_ROWS = 1_200
_IN_FLIGHT = 16


def _rate(folder: Path, workers: int) -> float:
    """Rows a second between the first tenth and the last, by the server's clock of arrivals."""
    project = Project(folder / "project")
    with (
        FaultServer(latency_ms=200) as server,
        Cluster(folder, workers, OPENAI_BASE_URL=server.url) as cluster,
    ):
        params = {
            "attribute_sampling.num_examples": _ROWS,
            "generation.max_concurrency": _IN_FLIGHT * workers,
            "cluster.shards": 2,
            "cluster.address": cluster.address,
        }
        typed = ",".join(f"{name}={value}" for name, value in params.items())
        stages = "task_ingest,attribute_sampling,generation"
        run = project.start(
            "--pipelines",
            stages,
            "--env",
            "openai",
            "--params",
            typed,
            OPENAI_API_KEY="none",
            OPENAI_BASE_URL=server.url,
        )
        said, _ = run.communicate(timeout=600)
        assert run.returncode == 0, said[-3_000:]
        arrivals = sorted(server.stats()["arrivals_s"])
        assert psutil.Process(cluster.scheduler).memory_info().rss < 100e6  # no text and no library of ours is there
    assert len(lines_of(project)) == _ROWS
    begin, finish = _ROWS // 10, _ROWS * 9 // 10
    return (finish - begin) / float(arrivals[finish] - arrivals[begin])


def test_two_workers_are_nearly_twice_as_fast_as_one(tmp_path: Path) -> None:
    rates = {}
    for workers in (1, 2):
        (tmp_path / str(workers)).mkdir()
        rates[workers] = _rate(tmp_path / str(workers), workers)
        time.sleep(1)
    assert rates[2] >= 1.85 * rates[1], rates
