"""A server that stops answering in mid-run, or never ends an answer; a task for which no reply is any good."""

from collections import Counter
from datetime import datetime

import pytest
import yaml

from tests.support.project import TRACKED, UP_TO_THE_REPORT, Project
from tests.support.server import FaultServer

_GOOD_CALLS = 20
_IN_FLIGHT = 16
_SIZE = f"attribute_sampling.num_examples=200,generation.max_concurrency={_IN_FLIGHT}"
_FEW = _IN_FLIGHT + max(20, 2 * _IN_FLIGHT) + _IN_FLIGHT
"""Calls that were in flight as the first one failed, those that tell of an outage, and those in flight by then."""


def _unwrapped(output: str) -> str:
    return " ".join(output.split())


@pytest.mark.parametrize(
    ("fault", "cause", "settings"),
    [
        ("rate_limited", "rate_limited", ""),
        pytest.param("close", "connection_error", ",generation.max_wait_seconds=2", marks=pytest.mark.slow),
    ],
)
def test_a_server_that_stops_answering_ends_the_run_well_and_the_same_command_goes_on(
    project: Project, server: FaultServer, openai_env: dict[str, str], fault: str, cause: str, settings: str
) -> None:
    server.set_faults(always=fault, after=_GOOD_CALLS, retry_after=3600)

    output = project.generate(
        "--env", "openai", "--params", _SIZE + settings, stages=UP_TO_THE_REPORT, **openai_env, **TRACKED
    )

    asked, ledger = server.stats()["requests"], project.ledger()
    assert asked <= _GOOD_CALLS + _FEW + 3  # and the probes
    assert Counter(line["status"] for line in project.journal()) == {"replied": _GOOD_CALLS, cause: asked - _GOOD_CALLS}
    assert ledger["accepted"] + sum(ledger["rejected"].values()) == _GOOD_CALLS
    assert sum(ledger["failed"].values()) + ledger["not_run"] == 200 - _GOOD_CALLS
    assert ledger["not_run"] >= 200 - _GOOD_CALLS - _FEW
    said = _unwrapped(output)
    assert f"stopped by {cause} (" in said
    assert "Run the same command" in said
    if fault == "rate_limited":
        assert "Rate limit reached. Please try again shortly" in said
        until = said.partition("the same command after ")[2][:19]
        left = datetime.fromisoformat(until).astimezone() - datetime.now().astimezone()
        assert 3000 < left.total_seconds() < 3700
    (run,) = project.mlflow_runs()
    assert (run.info.status, run.data.tags["stopped_by"]) == ("FINISHED", cause)
    page = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    assert f"Stopped by {cause}" in page

    server.set_faults()
    output = project.generate("--env", "openai", "--params", _SIZE, stages=UP_TO_THE_REPORT, **openai_env)

    assert "stopped" not in output
    assert project.ledger()["not_run"] == 0
    assert server.stats()["replied"] == 200
    assert server.stats()["repeated_prompts"] == 0


@pytest.mark.slow
def test_a_short_outage_is_waited_out(project: Project, server: FaultServer, openai_env: dict[str, str]) -> None:
    server.set_faults(always="rate_limited", after=_GOOD_CALLS, retry_after=3)
    process = project.start("--pipelines", "generate", "--env", "openai", "--params", _SIZE, **openai_env)
    project.wait_for_journal(_GOOD_CALLS + 5)
    server.set_faults()
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert project.ledger()["accepted"] + sum(project.ledger()["rejected"].values()) == 200
    assert project.ledger()["failed"] == {}


@pytest.mark.slow
def test_brainstorming_that_finds_no_server_any_more_is_no_failure(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    project.path("data/01_raw/tasks.yml").write_text("[]", encoding="utf-8")
    server.set_faults(always="rate_limited", after=3, retry_after=3600)
    size = "task_ingest.num_brainstormed=80,attribute_sampling.num_examples=40"

    done = project.run("--pipelines", "generate", "--env", "openai", "--params", size, **openai_env, **TRACKED)

    assert done.returncode == 0, done.stderr
    assert "Stopped by rate_limited (Rate limit reached" in done.stdout
    assert "There is no task yet" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    (run,) = project.mlflow_runs()
    assert (run.info.status, run.data.tags["stopped_by"]) == ("FINISHED", "rate_limited")

    server.set_faults()
    project.generate("--env", "openai", "--params", size, stages=UP_TO_THE_REPORT, **openai_env)
    assert project.ledger()["not_run"] == 0
    assert server.stats()["repeated_prompts"] == 0


@pytest.mark.slow
def test_with_tasks_at_hand_an_outage_while_brainstorming_plans_for_these_and_asks_for_no_row(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(always="rate_limited", after=3, retry_after=3600)
    size = "task_ingest.num_brainstormed=80,attribute_sampling.num_examples=40"

    output = project.generate("--env", "openai", "--params", size, stages=UP_TO_THE_REPORT, **openai_env)

    assert "stopped by rate_limited" in _unwrapped(output)
    assert "An outage ended brainstorming" in _unwrapped(output)
    assert project.ledger()["not_run"] == 40
    assert server.stats()["requests"] <= 8


@pytest.mark.slow
def test_a_quote_stops_as_well(project: Project, server: FaultServer, openai_env: dict[str, str]) -> None:
    server.set_faults(always="rate_limited", after=5, retry_after=3600)
    size = "attribute_sampling.num_examples=400,quote.pilot_rows=60"
    done = project.run("--pipelines", "quote", "--env", "openai", "--params", size, **openai_env, **TRACKED)
    assert done.returncode == 0, done.stderr
    assert "stopped by rate_limited" in _unwrapped(done.stdout)
    (run,) = project.mlflow_runs()
    assert (run.info.status, run.data.tags["stopped_by"]) == ("FINISHED", "rate_limited")


@pytest.mark.slow
def test_an_answer_that_drips_ends_at_its_deadline(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    catalog = project.path("conf/openai/catalog_genai.yml")
    entry = yaml.safe_load(catalog.read_text(encoding="utf-8"))
    entry["llm"]["kwargs"] = {"timeout": 2, "max_retries": 1}
    catalog.write_text(yaml.safe_dump(entry), encoding="utf-8")
    server.set_faults(sticky=True, drip=0.1)

    few = "attribute_sampling.num_examples=40"
    project.generate("--env", "openai", "--params", few, stages=UP_TO_THE_REPORT, **openai_env)

    failed = project.table("failed")
    assert len(failed) > 0
    assert set(failed["failure_cause"]) == {"timeout"}
    assert set(failed["detail"]) == {"no whole reply within 2 s, the timeout of llm"}
    assert set(failed["attempts"]) == {2}
    assert project.counts()["examples"] + project.counts()["rejected"] == 40 - len(failed)


_TASKS = [
    {"task": "Say what a support ticket is about.", "labels": ["Billing", "Shipping"]},
    {
        "task": "Say how formal an e-mail is, from the greeting to the signature at its very end.",
        "labels": ["A1", "A2"],
    },
    {"task": "Rate a film review.", "labels": ["B1", "B2"]},
]


def _two_bad_tasks(project: Project) -> None:
    """Of three tasks one is refused, and one gets rows that are rejected."""
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump(_TASKS), encoding="utf-8")
    bad = {"refused": {"A1": 1.0, "A2": 1.0}, "same_labels": {"B1": 1.0, "B2": 1.0}}
    project.parameters(
        llm={"defects": bad},
        attribute_sampling={"num_examples": 180},
        generation={"max_concurrency": 4, "max_attempts": 1},
    )


def test_a_task_that_is_refused_and_one_that_is_rejected_pause_and_the_others_go_on(project: Project) -> None:
    _two_bad_tasks(project)

    output = project.generate(stages=UP_TO_THE_REPORT, **TRACKED)

    ledger = project.ledger()
    assert 20 <= ledger["failed"]["refused"] <= 24
    assert 20 <= ledger["rejected"]["same_labels"] <= 24
    assert ledger["not_run"] == 120 - ledger["failed"]["refused"] - ledger["rejected"]["same_labels"]
    assert all(len(line) <= 80 for line in output.splitlines() if line.startswith((" " * 10, "paused")))
    said = _unwrapped(output)
    assert "paused Say how formal an e-mail is" in said
    assert "replies all refused" in said
    assert "replies all same_labels" in said
    assert "generation.pause_task_after" in said
    page = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    assert "Paused: Say how formal" in page
    (run,) = project.mlflow_runs()
    assert run.info.status == "FINISHED"
    assert "Rate a film review. (same_labels)" in run.data.tags["paused_tasks"]
    assert "stopped_by" not in run.data.tags

    output = project.generate(stages=UP_TO_THE_REPORT)

    assert "calls     0" in output
    assert "replies all refused" in _unwrapped(output)
    assert "stopped by paused_tasks: each task with rows to ask for is paused" in _unwrapped(output)


@pytest.mark.slow
def test_tasks_that_were_paused_are_asked_for_where_no_task_is_to_be(project: Project) -> None:
    _two_bad_tasks(project)
    project.generate(stages=UP_TO_THE_REPORT)
    assert project.ledger()["not_run"] > 0

    done = project.run("--pipelines", "generate", "--params", "generation.pause_task_after=null")

    assert "paused" not in done.stdout
    assert done.returncode == 1  # nothing is paused, so all rows count
    assert project.ledger()["not_run"] == 0
