"""Stages run out of turn: nothing is filed under a wrong row or call; one line says what to run."""

import signal

import pytest
import yaml

from tests.support.project import Project, end
from tests.support.server import FaultServer

_FEW = "attribute_sampling.num_examples=30"


def _line(project: Project, *arguments: str) -> str:
    done = project.run(*arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_an_answer_is_never_filed_under_the_call_of_another_prompt(project: Project) -> None:
    assert project.run("--pipelines", "generate", "--to-nodes", "list_calls", "--params", _FEW).returncode == 0
    prompt = project.path("data/01_raw/prompts/closed_labels.yml")
    prompt.write_text(prompt.read_text(encoding="utf-8").replace("Tell of one", "Tell of a"), encoding="utf-8")

    said = _line(project, "--pipelines", "generate", "--only-missing-outputs", "--params", _FEW)

    assert "The dataset 'calls' belongs to another plan, prompt or model" in said
    written = {row["request_id"] for row in project.journal()}
    plan = project.table("requests").set_index("request_id")
    assert all(plan.loc[row, "label"] is None or plan.loc[row].isna()["label"] for row in written)


@pytest.mark.slow
def test_a_new_plan_beside_old_answers_is_told_and_not_mixed(project: Project) -> None:
    project.generate("--params", _FEW)
    assert project.run("--pipelines", "attribute_sampling", "--params", f"{_FEW},seed=1").returncode == 0

    for arguments in (("generate", "--from-nodes", "settle_rows"), ("quality_report",)):
        said = _line(project, "--pipelines", *arguments, "--params", f"{_FEW},seed=1")
        assert "the plan" in said
        assert "Next: run" in said


@pytest.mark.slow
def test_a_new_tasks_file_beside_old_candidates_is_told(project: Project) -> None:
    project.generate("--params", _FEW)
    own = [{"task": "Sort a knitting pattern.", "labels": ["scarf", "hat"]}]
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump(own), encoding="utf-8")
    assert project.run("--pipelines", "task_ingest").returncode == 0

    assert "is not in 'tasks'" in _line(project, "--pipelines", "quality_report")


def test_a_wrong_tasks_file_shows_before_a_brainstorming_call_is_paid(project: Project) -> None:
    project.path("data/01_raw/tasks.yml").write_text("- {task: Sort a letter., labels: [one]}", encoding="utf-8")

    said = _line(project, "--pipelines", "generate", "--params", "task_ingest.num_brainstormed=3")

    assert "has one label" in said
    assert not project.path("data/02_intermediate/brainstorm_completions.jsonl").exists()


@pytest.mark.slow
def test_after_an_interrupt_the_answers_so_far_can_be_settled_without_asking(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=100)
    size = ("--env", "openai", "--params", "attribute_sampling.num_examples=300,generation.max_concurrency=8")
    running = project.start("--pipelines", "generate", *size, **openai_env)
    project.wait_for_journal(20)
    end(running, signal.SIGINT)
    answered = len(project.journal())

    done = project.run("--pipelines", "generate", "--from-nodes", "settle_rows", *size, **openai_env)

    assert done.returncode == 0, done.stderr
    ledger = project.ledger()
    assert ledger["accepted"] == answered
    assert ledger["not_run"] == 300 - answered
    assert f"not run   {300 - answered}" in done.stdout
    assert len(project.journal()) == answered
