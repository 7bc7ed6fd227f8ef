"""A plan asked for by worker processes is that of one machine, row by row; each answer is paid for and saved once."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.fleet.cluster import Cluster
from tests.fleet.faulted_run import lines_of, say
from tests.support.project import Project
from tests.support.server import FaultServer

pytestmark = pytest.mark.fleet

_LONGEST_S = 1_200
_ROWS = 20_000


def generate(project: Project, url: str, rows: int, *more: str) -> str:
    """A whole run at a server, with these parameters."""
    params = ",".join((f"attribute_sampling.num_examples={rows}", "quality_report.min_yield=0", *more))
    options = ("--pipelines", "generate", "--env", "openai", "--params", params)
    process = project.start(*options, OPENAI_API_KEY="none", OPENAI_BASE_URL=url)
    said, _ = process.communicate(timeout=_LONGEST_S)
    assert process.returncode == 0, said[-3_000:]
    return said


def results_of(project: Project) -> dict[str, pd.DataFrame]:
    """Tables that must be equal, apart from times."""
    tables = {name: project.table(name) for name in ("examples", "rejected", "failed", "surplus")}
    return tables | {"outcomes": project.table("outcomes")}


def test_one_and_three_workers_give_what_one_machine_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs: dict[int, dict[str, Any]] = {}
    for workers in (0, 1, 3):
        project = Project(tmp_path / str(workers))
        with FaultServer(latency_ms=20, broken_json=0.02, server_error=0.01, sticky=True, fault_seed=1) as server:
            if not workers:
                generate(project, server.url, _ROWS)
            else:
                with Cluster(tmp_path, workers, OPENAI_BASE_URL=server.url) as cluster:
                    generate(project, server.url, _ROWS, f"cluster.address={cluster.address}")
            requests = server.stats()
        runs[workers] = {
            "plan": project.path("data/03_primary/plan_sha256").read_text(encoding="utf-8"),
            "ledger": project.ledger(),
            "tables": results_of(project),
        }
        lines = len(lines_of(project))
        say(capsys, f"{workers} workers: {_ROWS} rows, {lines} journal lines, {requests['requests']} requests")
        assert lines == requests["requests"]  # rows, and what was asked again
    for workers in (1, 3):
        assert runs[workers]["plan"] == runs[0]["plan"]
        assert runs[workers]["ledger"] == runs[0]["ledger"]
        for name, table in runs[0]["tables"].items():
            pd.testing.assert_frame_equal(runs[workers]["tables"][name], table, obj=f"{name}, {workers} workers")
