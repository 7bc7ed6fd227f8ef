"""Kills, interrupts and reruns, as real processes and real signals."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.project import TRACKED, UP_TO_THE_CALLS, Project, end
from tests.support.server import FaultServer

_GENERATE = ("--pipelines", "generate", "--env", "openai")
_ROWS = 150
_CONCURRENCY = 8
_SIZE = ("--params", f"attribute_sampling.num_examples={_ROWS},generation.max_concurrency={_CONCURRENCY}")


def _under_way(
    project: Project, server: FaultServer, env: dict[str, str], latency_ms: int, saved: int
) -> "subprocess.Popen[str]":
    """A run against a slow server, once so many answers are on disk."""
    server.set_faults(latency_ms=latency_ms)
    running = project.start(*_GENERATE, *_SIZE, **env)
    project.wait_for_journal(saved)
    return running


def test_a_second_run_on_the_same_journal_refuses_and_after_a_kill_only_what_is_missing_is_asked(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    running = _under_way(project, server, openai_env, latency_ms=3000, saved=5)  # the second may take long
    plan = project.path("data/03_primary/requests.parquet").read_bytes()
    second = project.run("--pipelines", "generate", "--env", "openai", "--params", "seed=1", **openai_env)

    assert second.returncode == 1
    assert "Another run is writing" in second.stderr
    assert project.path("data/03_primary/requests.parquet").read_bytes() == plan

    server.set_faults(latency_ms=200)
    project.wait_for_journal(60)
    end(running, signal.SIGKILL)
    saved, asked = len(project.journal()), server.stats()["requests"]
    assert 60 <= saved < _ROWS

    server.set_faults(latency_ms=0)
    project.generate(
        "--env", "openai", *_SIZE, stages=UP_TO_THE_CALLS, **openai_env
    )  # the lock did not outlive the kill

    assert len(project.table("candidates")) == _ROWS
    again = server.stats()["requests"] - (_ROWS - saved) - asked
    assert again == 0
    a_second_of_calls = _CONCURRENCY * 10
    assert server.stats()["requests"] <= _ROWS + _CONCURRENCY + a_second_of_calls
    assert len({line["request_id"] for line in project.journal()}) == _ROWS


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupt_saves_what_has_arrived_and_is_told_as_killed(
    project: Project, server: FaultServer, openai_env: dict[str, str], number: signal.Signals
) -> None:
    running = _under_way(project, server, openai_env | TRACKED, latency_ms=200, saved=20)

    code, output = end(running, number)

    assert code == 130
    assert "the same command goes on" in output
    assert "Traceback" not in output
    replied, lines = server.stats()["replied"], project.journal()
    saved = sum(line["status"] == "replied" for line in lines)
    assert replied - _CONCURRENCY <= saved < _ROWS
    assert server.stats()["requests"] <= len(lines)  # those in flight have a line too
    run = project.wait_for_mlflow_run("KILLED")
    assert run.data.params["llm.model"] == "gpt-4o-mini"

    server.set_faults(latency_ms=0)
    project.generate("--env", "openai", *_SIZE, stages=UP_TO_THE_CALLS, **openai_env)
    assert len(project.table("candidates")) == _ROWS
    assert len(project.journal()) == _ROWS + len(lines) - saved


@pytest.mark.slow
def test_an_interrupt_after_the_run_was_opened_in_mlflow_records_its_inputs(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    """It is recorded while the interpreter exits, when Python starts no thread any more."""
    running = _under_way(project, server, openai_env | TRACKED, latency_ms=2_000, saved=5)
    project.wait_for_mlflow_run("RUNNING")

    code, output = end(running, signal.SIGINT)

    assert code == 130
    assert "Traceback" not in output
    assert "did not record" not in " ".join(output.split())
    run = project.wait_for_mlflow_run("KILLED")
    assert run.inputs is not None
    assert {each.dataset.name for each in run.inputs.dataset_inputs} >= {"requests", "tasks"}


@pytest.mark.slow
def test_a_half_written_journal_is_no_finished_output(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    running = _under_way(project, server, openai_env, latency_ms=200, saved=20)
    end(running, signal.SIGKILL)

    server.set_faults(latency_ms=0)
    project.generate("--env", "openai", *_SIZE, "--only-missing-outputs", **openai_env)

    assert project.counts()["examples"] == _ROWS


@pytest.mark.slow
def test_a_torn_last_line_is_cut_and_its_row_asked_again(project: Project) -> None:
    project.generate("--params", "attribute_sampling.num_examples=30")
    path = project.path("data/03_primary/completions.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])

    output = project.generate("--params", "attribute_sampling.num_examples=30")

    assert "calls     1 in this run\n" in output
    assert len(path.read_bytes().splitlines()) == 30
    assert len(project.journal()) == 30


def test_a_journal_that_is_not_ours_is_not_touched(project: Project) -> None:
    path: Path = project.path("data/03_primary/completions.jsonl")
    path.parent.mkdir(parents=True)
    path.write_text('{"not": "ours"}\n{"nor": "this"}\n', encoding="utf-8")

    done = project.run("--pipelines", "generate")

    assert done.returncode == 1
    assert "line 1" in done.stderr
    assert path.read_text(encoding="utf-8") == '{"not": "ours"}\n{"nor": "this"}\n'


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_second_signal_ends_at_once_and_costs_nothing_saved(
    project: Project, server: FaultServer, openai_env: dict[str, str], number: signal.Signals
) -> None:
    running = _under_way(project, server, openai_env | TRACKED, latency_ms=200, saved=20)
    while running.poll() is None:  # two that come while one save is under way count as one, and an end can be quick
        running.send_signal(number)
        time.sleep(0.005)
    code, output = running.returncode, running.communicate()[0]

    assert code == 130
    assert "Ended at once" in output
    assert "Traceback" not in output
    assert 20 <= len(project.journal()) < _ROWS  # the next run goes on from a journal like this after a kill, above


@pytest.mark.slow
def test_an_interrupt_is_heard_where_nodes_run_in_threads(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=200)
    running = project.start("--runner", "ThreadRunner", *_GENERATE, *_SIZE, **openai_env)
    project.wait_for_journal(20)

    code, output = end(running, signal.SIGINT)

    assert code == 130
    assert "the same command goes on" in output
    assert server.stats()["replied"] - _CONCURRENCY <= len(project.journal()) < _ROWS
    server.set_faults(latency_ms=0)
    project.generate("--runner", "ThreadRunner", "--env", "openai", *_SIZE, **openai_env)
    assert project.counts()["examples"] == _ROWS
