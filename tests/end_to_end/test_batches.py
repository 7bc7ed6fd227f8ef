"""The batch route by the command: submitted by one, collected by the next, with the same account of every row."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from benchmarks.fault_server.settings import ALL_BATCH_FAULTS
from tests.support.project import UP_TO_THE_REPORT, Project
from tests.support.server import FaultServer

_KEY = {"OPENAI_API_KEY": "sk-nobody-0000000000000000"}
_BATCH = "generation.mode=batch,generation.batch_poll_seconds=1"

pytestmark = pytest.mark.whole_run


class TwoRuns(NamedTuple):
    """A project after a run that did not wait, and after the one that collected."""

    project: Project
    first: str
    ledger: dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(batch_seconds=1.0) as running:
        yield running


@pytest.fixture(scope="module")
def runs(server: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    project = Project(tmp_path_factory.mktemp("batches"))
    env = {"OPENAI_BASE_URL": server.url, **_KEY}
    settings = ("--env", "openai", "--params", f"{_BATCH},generation.batch_wait=no,attribute_sampling.num_examples=30")
    first = project.generate(*settings, stages=UP_TO_THE_REPORT, **env)
    ledger = project.ledger()
    project.generate(*settings, stages=UP_TO_THE_REPORT, **env)
    return TwoRuns(project, first, ledger)


def test_a_run_that_does_not_wait_ends_well_with_its_rows_in_a_batch(runs: TwoRuns) -> None:
    assert runs.ledger["not_run"] == runs.ledger["in_batch"] == runs.ledger["planned"] == 30
    said = " ".join(runs.first.split())
    assert "not run 30: 30 in a batch at the provider" in said
    assert "in_batch: 30 rows are in 1 batch at the provider" in said
    assert "Run the same command again to collect them" in said


def test_the_same_command_collects_and_pays_once_at_the_price_of_a_batch(runs: TwoRuns, server: FaultServer) -> None:
    ledger, metrics, lines = runs.project.ledger(), runs.project.metrics(), runs.project.journal()
    assert (ledger["not_run"], ledger["in_batch"], sum(ledger["failed"].values())) == (0, 0, 0)
    assert len(lines) == server.stats()["batch_requests"] == 30
    read, written = (sum(line[name] for line in lines) for name in ("prompt_tokens", "completion_tokens"))
    assert metrics["cost/usd_this_run"] == pytest.approx((read * 0.075 + written * 0.30) / 1e6)
    assert metrics["rows/in_batch"] == 0


@pytest.mark.slow
def test_batches_are_listed_cancelled_and_refused_where_there_are_none(tmp_path: Path) -> None:
    project = Project(tmp_path)
    rows = "attribute_sampling.num_examples=40"
    with FaultServer(batch_seconds=400.0, batch_cancel_seconds=1.0) as server:
        env = {"OPENAI_BASE_URL": server.url, **_KEY}
        project.generate("--env", "openai", "--params", f"{_BATCH},generation.batch_wait=no,{rows}", **env)
        live = project.generate("--env", "openai", "--params", rows, **env)
        assert "40 rows are in batches at the provider, and are not asked for live" in " ".join(live.split())
        listed = project.run("--pipelines", "batches", "--env", "openai", **env)
        assert "batch_000001" in listed.stdout, listed.stderr
        wrong = project.run("--pipelines", "batches", "--env", "openai", "--params", "batches.cancel=batch_9", **env)
        assert wrong.returncode == 1
        assert "batches.cancel=batch_9: no open batch of this project" in " ".join(wrong.stderr.split())
        ended = project.run("--pipelines", "batches", "--env", "openai", "--params", "batches.cancel=all", **env)
        said = " ".join(ended.stdout.split())
        assert "requests are done and billed, about $0.0" in said
        assert "Run `generate` with generation.mode=batch to collect them" in said
        live = project.generate("--env", "openai", "--params", rows, **env)
        assert "Next: collect them with generation.mode=batch, also after" in " ".join(live.split())
        project.generate("--env", "openai", "--params", f"{_BATCH},{rows}", **env)
    assert 0 < len(project.journal()) < 40
    assert project.ledger()["not_run"] == 40 - len(project.journal())
    offline = project.run("--pipelines", "generate", "--params", "generation.mode=batch")
    assert offline.returncode == 1
    assert "The offline model has no batches" in offline.stderr


@pytest.mark.slow
def test_a_quote_shows_the_price_of_both_routes_whatever_the_mode(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with FaultServer() as server:
        env = {"OPENAI_BASE_URL": server.url, **_KEY}
        quoted = project.run("--pipelines", "quote", "--env", "openai", "--params", _BATCH, **env)
        assert server.stats()["batches"] == 0
    assert "in batch $0.0" in " ".join(quoted.stdout.split()), quoted.stderr
    quote = project.quote()
    assert quote["quote/usd_batch/expected"] == pytest.approx(quote["quote/usd/expected"] / 2, rel=0.2)


_FAULTS = dict.fromkeys(ALL_BATCH_FAULTS, 0.05)
_ROWS, _KILLS = 2_000, 30


@pytest.mark.slow
def test_thirty_kills_and_every_fault_lose_no_row_and_send_none_twice(tmp_path: Path) -> None:
    """Projects of 2,000 rows in 4 parts, each fault at 5 %, against the live route on a server without faults."""
    chances, kills, projects = random.Random(21), 0, list[Project]()
    rows = f"attribute_sampling.num_examples={_ROWS}"
    settings = ("--env", "openai", "--params", f"{_BATCH},generation.batch_requests=500,{rows}")
    with FaultServer(batch_seconds=1.0) as faulty, FaultServer() as healthy:
        env = {"OPENAI_BASE_URL": faulty.url, **_KEY}
        while kills < _KILLS:
            project = _project(tmp_path / f"batch{len(projects)}")
            projects.append(project)
            faulty.set_faults(**_FAULTS, fault_seed=len(projects))
            is_done = False
            while not is_done:
                run = project.start("--pipelines", "generate", *settings, **env)
                _wait_for_batches(project, run)
                time.sleep(chances.uniform(0, 5))
                if kills < _KILLS and run.poll() is None:
                    os.kill(run.pid, signal.SIGKILL)
                    kills += 1
                said, _ = run.communicate(timeout=400)
                assert run.returncode in (0, -signal.SIGKILL), said
                ledger = project.ledger() if run.returncode == 0 else None
                is_done = ledger is not None and not ledger["not_run"] and not ledger["failed"]
        other = _project(tmp_path / "live")
        other.generate("--env", "openai", "--params", rows, OPENAI_BASE_URL=healthy.url, **_KEY)
        stats = faulty.stats()

    assert (stats["batches_sent_twice"], stats["requests_sent_twice"]) == (0, 0)
    assert all(stats["by_fault"][fault] for fault in ALL_BATCH_FAULTS if "line" in fault)
    for project in projects:
        ledger = project.ledger()
        assert ledger["planned"] == ledger["accepted"] + sum(ledger["rejected"].values()) + ledger["surplus"] == _ROWS
        assert (ledger["not_run"], ledger["in_batch"], ledger["failed"]) == (0, 0, {})
        keys = [(line["fingerprint"], line["attempt"]) for line in project.journal() if line["status"] == "replied"]
        assert len(keys) == len(set(keys))
        for table in ("examples", "rejected"):
            pd.testing.assert_frame_equal(project.table(table), other.table(table))


def _project(folder: Path) -> Project:
    folder.mkdir()
    return Project(folder)


def _wait_for_batches(project: Project, run: "subprocess.Popen[str]") -> None:
    """Waits until the run writes to its record or journal, or ends."""
    files = [project.path(f"data/03_primary/{name}.jsonl") for name in ("batches", "completions")]
    before = [file.stat().st_size if file.exists() else 0 for file in files]
    while run.poll() is None and before == [file.stat().st_size if file.exists() else 0 for file in files]:
        time.sleep(0.05)
