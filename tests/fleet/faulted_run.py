"""A run over a cluster whose parts fail: the command, its journal, and the account of what was paid for twice."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fleet.cluster import Cluster
from tests.support.project import Project
from tests.support.server import FaultServer

IN_FLIGHT = 24
LATENCY_MS = 300
LAST_SECOND = 1_000 * IN_FLIGHT // LATENCY_MS
"""Answers that arrive in a second at most."""

LONGEST_S = 600


def start(
    project: Project,
    cluster: Cluster,
    server: FaultServer,
    rows: int,
    env: dict[str, str] | None = None,
    **more: object,
) -> "subprocess.Popen[str]":
    """`kedro run` of the whole job on this cluster with these further parameters, left running."""
    params = {
        "attribute_sampling.num_examples": rows,
        "generation.max_concurrency": IN_FLIGHT,
        "quality_report.min_yield": 0,
        "cluster.address": cluster.address,
        "cluster.shards": 8,
        **more,
    }
    typed = ",".join(f"{name}={value}" for name, value in params.items())
    options = ("--pipelines", "generate", "--env", "openai", "--params", typed)
    return project.start(*options, **{"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": server.url, **(env or {})})


def lines_of(project: Project) -> list[bytes]:
    """All whole lines of the journal, of all its files."""
    return [line for path in _journal_files(project) for line in path.read_bytes().split(b"\n")[:-1]]


def _journal_files(project: Project) -> list[Path]:
    primary = project.path("data/03_primary")
    files = [primary / "completions.jsonl", *sorted((primary / "completions").glob("*.jsonl"))]
    return [path for path in files if path.exists()]


def wait_for_lines(project: Project, lines: int) -> None:
    """Waits until the journal has at least so many lines."""
    until = time.monotonic() + LONGEST_S
    while len(lines_of(project)) < lines:
        assert time.monotonic() < until, "the journal does not grow"
        time.sleep(0.1)


def wait_for_replies(run: "subprocess.Popen[str]", server: FaultServer, replies: int) -> None:
    """Waits until the server has given so many replies to a run that goes on."""
    until = time.monotonic() + LONGEST_S
    while server.stats()["replied"] < replies:
        assert run.poll() is None, run.communicate()[0][-3_000:]
        assert time.monotonic() < until, "the server is not asked"
        time.sleep(0.1)


def finished(process: "subprocess.Popen[str]") -> str:
    """What a run said, which must end well."""
    said, _ = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, said[-3_000:]
    return said


def assert_all_paid_for(project: Project, server: FaultServer, paid_twice: int) -> None:
    """Every row is in one place, all lines are accounted for, and at most so many answers were paid for twice."""
    ledger = project.ledger()
    places = ledger["accepted"] + ledger["surplus"] + sum(ledger["rejected"].values()) + sum(ledger["failed"].values())
    assert ledger["planned"] == places + ledger["not_run"]
    assert ledger["not_run"] == 0
    assert not {cause for cause in ledger["failed"] if cause in {"timeout", "connection_error", "server_error"}}
    outcomes = project.table("outcomes")
    assert outcomes["request_id"].is_unique
    assert set(outcomes["request_id"]) == set(project.table("requests")["request_id"])
    assert len(project.table("paid_calls")) == len(lines_of(project))
    assert server.stats()["repeated_prompts"] <= paid_twice


def say(capsys: pytest.CaptureFixture[str], figures: str) -> None:
    """Prints figures of a proof, also if it passes."""
    with capsys.disabled():
        sys.stdout.write(f"\n{figures}\n")
