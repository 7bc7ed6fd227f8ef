"""A plan served by several servers, one of which dies, and shards in an object store whose worker is killed."""

import signal
from pathlib import Path

import pytest

from tests.fleet.cluster import Cluster, send
from tests.fleet.faulted_run import (
    IN_FLIGHT,
    LAST_SECOND,
    LATENCY_MS,
    assert_all_paid_for,
    finished,
    lines_of,
    start,
    wait_for_replies,
)
from tests.support.project import Project
from tests.support.s3 import BUCKET, S3Server
from tests.support.server import FaultServer

pytestmark = pytest.mark.fleet

_ROWS = 1_000


def test_rows_of_a_server_that_dies_are_asked_of_the_other(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with (
        FaultServer(latency_ms=LATENCY_MS) as first,
        FaultServer(latency_ms=LATENCY_MS) as second,
        Cluster(tmp_path, 3) as cluster,
    ):
        project.parameters(llm={"endpoint_name": "my-fleet"}, cluster={"base_urls": [first.url, second.url]})
        run = start(project, cluster, first, _ROWS)
        wait_for_replies(run, second, 200)
        asked = second.stats()["requests"]
        second.stop()
        said = finished(run)
        assert_all_paid_for(project, first, IN_FLIGHT)
        assert first.stats()["requests"] >= _ROWS - asked
    assert "does not answer" in said
    assert "its rows are asked of the other" in " ".join(said.split())


def test_a_worker_that_dies_over_an_object_store_loses_no_row(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with S3Server() as store, FaultServer(latency_ms=LATENCY_MS) as server:
        env = {
            "AWS_ACCESS_KEY_ID": store.credentials["key"],
            "AWS_SECRET_ACCESS_KEY": store.credentials["secret"],
            "AWS_ENDPOINT_URL": store.url,
        }
        with Cluster(tmp_path, 3, OPENAI_BASE_URL=server.url, **env) as cluster:
            run = start(project, cluster, server, _ROWS, env, **{"cluster.shared": f"s3://{BUCKET}/run"})
            for answered in (200, 400, 600):
                wait_for_replies(run, server, answered)
                send(cluster.workers[0], signal.SIGKILL)
            finished(run)
        assert_all_paid_for(project, server, 3 * (IN_FLIGHT + 2 * LAST_SECOND))  # a segment, and the one being stored
        assert len(lines_of(project)) >= _ROWS
