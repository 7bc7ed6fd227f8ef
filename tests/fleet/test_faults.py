"""Faults of workers, nannies and the scheduler: no row is lost, and what is paid twice was in flight."""

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.cluster import Cluster, send
from tests.fleet.test_one_plan import lines_of
from tests.support.project import Project
from tests.support.server import FaultServer

pytest.importorskip("distributed")
pytestmark = [pytest.mark.fleet, pytest.mark.whole_run]

_IN_FLIGHT = 24
_ROWS = 1_500
_LATENCY_MS = 300
_LAST_SECOND = 1_000 * _IN_FLIGHT // _LATENCY_MS
"""Answers that arrive in a second at most."""

_LONGEST_S = 600


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(latency_ms=_LATENCY_MS) as found:
        yield found


def _start(project: Project, cluster: Cluster, server: FaultServer, rows: int = _ROWS) -> "subprocess.Popen[str]":
    params = {
        "attribute_sampling.num_examples": rows,
        "generation.max_concurrency": _IN_FLIGHT,
        "quality_report.min_yield": 0,
        "cluster.address": cluster.address,
        "cluster.shards": 8,
    }
    typed = ",".join(f"{name}={value}" for name, value in params.items())
    options = ("--pipelines", "generate", "--env", "openai", "--params", typed)
    return project.start(*options, OPENAI_API_KEY="none", OPENAI_BASE_URL=server.url)


def _wait_for_lines(project: Project, lines: int) -> None:
    until = time.monotonic() + _LONGEST_S
    while len(lines_of(project)) < lines:
        assert time.monotonic() < until, "the journal does not grow"
        time.sleep(0.1)


def _finished(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=_LONGEST_S)
    assert process.returncode == 0, said[-3_000:]
    return said


def _assert_all_paid_for(project: Project, server: FaultServer, paid_twice: int) -> None:
    """Every row is in one place, and at most so many answers were paid for twice."""
    ledger = project.ledger()
    places = ledger["accepted"] + ledger["surplus"] + sum(ledger["rejected"].values()) + sum(ledger["failed"].values())
    assert ledger["planned"] == places + ledger["not_run"]
    assert ledger["not_run"] == 0
    assert not {cause for cause in ledger["failed"] if cause in {"timeout", "connection_error", "server_error"}}
    assert server.stats()["repeated_prompts"] <= paid_twice


def test_random_deaths_lose_nothing(server: FaultServer, tmp_path: Path) -> None:
    chance, project = random.Random(7), Project(tmp_path / "project")
    with Cluster(tmp_path, 3, OPENAI_BASE_URL=server.url) as cluster:
        run = _start(project, cluster, server)
        kills = 0
        for fault in ("worker", "nanny", "stopped", "worker"):
            _wait_for_lines(project, len(lines_of(project)) + chance.randrange(60, 200))
            nanny = chance.choice(cluster.nannies)
            if fault == "stopped":
                for worker in cluster.worker_of(nanny):
                    send(worker, signal.SIGSTOP)
                time.sleep(10)
                for worker in cluster.worker_of(nanny):
                    send(worker, signal.SIGCONT)
            elif fault == "nanny":
                workers = cluster.worker_of(nanny)
                send(nanny, signal.SIGKILL)
                for worker in workers:
                    send(worker, signal.SIGKILL)
                cluster.add_worker()
            else:
                for worker in cluster.worker_of(nanny):
                    send(worker, signal.SIGKILL)
            kills += 1
        _finished(run)
    _assert_all_paid_for(project, server, kills * (_IN_FLIGHT + _LAST_SECOND))


def test_the_same_command_goes_on_after_the_scheduler_was_killed(server: FaultServer, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster:
        run = _start(project, cluster, server)
        _wait_for_lines(project, 300)
        send(cluster.scheduler, signal.SIGKILL)
        said, _ = run.communicate(timeout=_LONGEST_S)
        assert run.returncode == 1
        assert "The Dask scheduler is gone" in said
        assert "Traceback" not in said
        before = len(lines_of(project))
        cluster.start_scheduler()
        for _ in range(2):  # Dask's workers end with their scheduler
            cluster.add_worker()
        cluster.wait_for_workers(2)
        _finished(_start(project, cluster, server))
    assert before >= 300
    _assert_all_paid_for(project, server, _IN_FLIGHT + _LAST_SECOND)


def test_a_worker_that_thaws_while_another_has_its_shard_pays_on_for_nothing(
    server: FaultServer, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project")
    with Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster:
        run = _start(project, cluster, server)
        _wait_for_lines(project, 200)
        nanny = cluster.nannies[0]
        frozen = [*cluster.worker_of(nanny), nanny]
        for process in frozen:
            send(process, signal.SIGSTOP)
        time.sleep(20)  # the scheduler has dropped it, and the other worker takes its shard
        for process in frozen:
            send(process, signal.SIGCONT)
        _finished(run)
    _assert_all_paid_for(project, server, 2 * _IN_FLIGHT)


def test_an_interrupt_stops_the_workers_which_save_what_is_in_flight(server: FaultServer, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster:
        run = _start(project, cluster, server)
        _wait_for_lines(project, 200)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=_LONGEST_S)
        assert run.returncode == 130, said
        requests = server.stats()["requests"]
        lines = len(lines_of(project))
        time.sleep(3)
        assert server.stats()["requests"] == requests  # nobody asks on
        assert len(lines_of(project)) == lines
        assert lines == requests  # a line of each call in flight too
        _finished(_start(project, cluster, server))
    _assert_all_paid_for(project, server, _IN_FLIGHT)


def test_a_wrong_key_of_one_worker_ends_all_with_one_line(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with (
        FaultServer(latency_ms=50, require_key="right") as server,
        Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster,
    ):
        typed = f"attribute_sampling.num_examples=300,cluster.address={cluster.address}"
        options = ("--pipelines", "generate", "--env", "openai", "--params", typed)
        run = project.start(*options, OPENAI_API_KEY="right", OPENAI_BASE_URL=server.url)
        said, _ = run.communicate(timeout=_LONGEST_S)
        assert run.returncode == 1
        assert "Traceback" not in said
        assert "OPENAI_API_KEY" in said
        assert server.stats()["statuses"].get("401", 0) <= 4
