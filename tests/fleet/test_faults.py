"""Faults of workers, nannies and the scheduler: no row is lost, and what is paid twice was in flight."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.fleet.dask_cluster import DaskCluster
from synthetic_textcat.fleet.dask_workers import DaskWorkers
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.shards.folder import SharedFolder
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.fleet.cluster import Cluster, send
from tests.fleet.faulted_run import (
    IN_FLIGHT,
    LAST_SECOND,
    LATENCY_MS,
    LONGEST_S,
    assert_all_paid_for,
    finished,
    lines_of,
    start,
    wait_for_lines,
)
from tests.support.project import Project
from tests.support.server import FaultServer

pytestmark = pytest.mark.fleet

_ROWS = 1_500
_LONGEST_WAIT_S = 30


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(latency_ms=LATENCY_MS) as found:
        yield found


def test_the_same_command_goes_on_after_the_scheduler_was_killed(server: FaultServer, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster:
        run = start(project, cluster, server, _ROWS)
        wait_for_lines(project, 300)
        send(cluster.scheduler, signal.SIGKILL)
        said, _ = run.communicate(timeout=LONGEST_S)
        assert run.returncode == 1
        assert "The Dask scheduler is gone" in said
        assert "Traceback" not in said
        before = len(lines_of(project))
        cluster.start_scheduler()
        for _ in range(2):  # Dask's workers end with their scheduler
            cluster.add_worker()
        cluster.wait_for_workers(2)
        finished(start(project, cluster, server, _ROWS))
    assert before >= 300
    assert_all_paid_for(project, server, IN_FLIGHT + LAST_SECOND)


def test_a_worker_that_thaws_while_another_has_its_shard_pays_on_for_nothing(
    server: FaultServer, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project")
    with Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster:
        run = start(project, cluster, server, _ROWS)
        wait_for_lines(project, 200)
        nanny = cluster.nannies[0]
        frozen = [*cluster.worker_of(nanny), nanny]
        for process in frozen:
            send(process, signal.SIGSTOP)
        time.sleep(25)  # the scheduler has dropped it, and the other worker takes its shard
        for process in frozen:
            send(process, signal.SIGCONT)
        finished(run)
    assert_all_paid_for(project, server, IN_FLIGHT)


def test_an_interrupt_stops_the_workers_which_save_what_is_in_flight(server: FaultServer, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster:
        run = start(project, cluster, server, _ROWS)
        wait_for_lines(project, 200)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=LONGEST_S)
        assert run.returncode == 130, said
        requests = server.stats()["requests"]
        lines = len(lines_of(project))
        time.sleep(3)
        assert server.stats()["requests"] == requests  # nobody asks on
        assert len(lines_of(project)) == lines
        assert (
            requests <= lines <= requests + IN_FLIGHT
        )  # a line of each call in flight, also if it was about to be sent
        finished(start(project, cluster, server, _ROWS))
    assert_all_paid_for(project, server, IN_FLIGHT)


def test_a_run_that_has_lost_all_workers_waits_for_others_and_then_ends_in_one_line(
    server: FaultServer, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project")
    with Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster:
        run = start(project, cluster, server, _ROWS, None, **{"cluster.max_wait_seconds": _LONGEST_WAIT_S})
        wait_for_lines(project, 200)
        cluster.end_workers()
        time.sleep(15)  # the run says so after 10
        assert run.poll() is None
        cluster.add_worker()
        wait_for_lines(project, 600)
        cluster.end_workers()
        said, _ = run.communicate(timeout=LONGEST_S)
        said = " ".join(said.split())
        assert run.returncode == 1, said
        assert "Traceback" not in said
        assert said.count("No Dask worker is left since") == 2
        assert "A Dask worker has joined: the run goes on" in said
        assert f"(cluster.max_wait_seconds={_LONGEST_WAIT_S}). What has arrived is saved. Next: start workers" in said

        cluster.add_worker()
        cluster.wait_for_workers(1)
        run = start(project, cluster, server, _ROWS)
        wait_for_lines(project, 900)
        cluster.end_workers()
        time.sleep(3)
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)  # nobody is left who could save anything
        said, _ = run.communicate(timeout=LONGEST_S)
        assert run.returncode == 130, said
        assert time.monotonic() - begun < 20
        cluster.add_worker()
        cluster.wait_for_workers(1)
        finished(start(project, cluster, server, _ROWS))
    assert_all_paid_for(project, server, 3 * (IN_FLIGHT + LAST_SECOND))


def test_a_worker_that_dies_while_it_is_proven_does_not_end_the_run(tmp_path: Path) -> None:
    place = tmp_path / "has-died"

    def die_once(flag: str, value: str) -> str:
        if not os.path.exists(flag):  # noqa: PTH110  pickled as it stands
            open(flag, "w").close()  # noqa: PTH123
            os._exit(1)
        return value

    class RunId(str):
        __slots__ = ()

        def __reduce__(self) -> tuple[Any, ...]:
            return die_once, (str(place), str(self))

    folder = SharedFolder(tmp_path / "completions")
    folder.begin("run-1")
    with Cluster(tmp_path, 1) as cluster:
        dask = DaskCluster(ClusterParameters(address=cluster.address))
        workers = DaskWorkers(dask)
        workers.start()
        try:
            workers.prove(ChatModelSpec("a.B"), LlmParameters(model="m"), RunId("run-1"), folder)
        finally:
            dask.close()
    assert place.exists()


def test_a_wrong_key_of_one_worker_ends_all_with_one_line(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with (
        FaultServer(latency_ms=50, require_key="right") as server,
        Cluster(tmp_path, 2, OPENAI_BASE_URL=server.url) as cluster,
    ):
        typed = f"attribute_sampling.num_examples=300,cluster.address={cluster.address}"
        options = ("--pipelines", "generate", "--env", "openai", "--params", typed)
        run = project.start(*options, OPENAI_API_KEY="right", OPENAI_BASE_URL=server.url)
        said, _ = run.communicate(timeout=LONGEST_S)
        assert run.returncode == 1
        assert "Traceback" not in said
        assert "OPENAI_API_KEY" in said
        assert server.stats()["statuses"].get("401", 0) <= 4
