"""Brainstorming through real HTTP: as many tasks as asked for, each call paid for once, whatever happens between."""

import json
import signal
import time
from typing import Any

import pytest
import yaml

from tests.support.project import Project, end
from tests.support.server import FaultServer

_JOURNAL = "data/02_intermediate/brainstorm_completions.jsonl"
_STAGE = ("--pipelines", "task_ingest", "--env", "openai")


def _params(**values: object) -> tuple[str, str]:
    named = {"brainstorm_round": 4, "max_calls": 40, **values}
    plain = {name.replace("__", "."): value for name, value in named.items()}
    return "--params", ",".join(f"{name if '.' in name else f'task_ingest.{name}'}={x}" for name, x in plain.items())


def _run(project: Project, env: dict[str, str], **values: object) -> str:
    done = project.run(*_STAGE, *_params(**values), **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _lines(project: Project) -> list[dict[str, Any]]:
    path = project.path(_JOURNAL)
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []


def _thought(project: Project) -> list[str]:
    tasks = project.table("tasks")
    return list(tasks["task"][tasks["source"] == "brainstorm"])


@pytest.mark.slow
def test_tasks_come_in_rounds_and_no_call_is_paid_for_twice(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    _run(project, openai_env, num_brainstormed=80)

    tasks, by_call = _thought(project), project.table("tasks_by_call")
    assert len(set(tasks)) == 80
    assert [task for call in by_call["tasks"] for task in call][:80] == tasks
    assert by_call["domain"].is_unique
    calls = len(_lines(project))
    assert calls == len(by_call) == server.stats()["requests"] >= 8
    assert calls % 4 == 0

    assert "calls     0" in _run(project, openai_env, num_brainstormed=80)
    assert _thought(project) == tasks

    _run(project, openai_env, num_brainstormed=130)
    assert _thought(project)[:80] == tasks
    assert len(set(_thought(project))) == 130
    assert server.stats()["repeated_bodies"] == 0
    prompts = {line["fingerprint"]: line["prompt_sha256"] for line in _lines(project)}
    tasks = _thought(project)

    project.path(_JOURNAL).unlink()
    server.set_faults(latency_ms=40, latency_sigma=1.0)  # answers now come in another order
    _run(project, openai_env, num_brainstormed=130)
    assert _thought(project) == tasks
    assert {line["fingerprint"]: line["prompt_sha256"] for line in _lines(project)} == prompts


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_after_a_kill_the_tasks_are_the_same_and_only_what_is_missing_is_paid(
    project: Project, server: FaultServer, openai_env: dict[str, str], number: signal.Signals
) -> None:
    server.set_faults(latency_ms=300, latency_sigma=0.5)
    running = project.start(*_STAGE, *_params(num_brainstormed=80), **openai_env)
    deadline = time.monotonic() + 60
    while len(_lines(project)) < 6:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    end(running, number)
    saved = _lines(project)

    server.set_faults(latency_ms=0)
    _run(project, openai_env, num_brainstormed=80)
    tasks, lines = _thought(project), _lines(project)
    assert lines[: len(saved)] == saved
    assert len({line["fingerprint"] for line in lines}) == len(lines)
    assert server.stats()["requests"] <= len(lines) + 4  # what was in flight at the kill

    project.path(_JOURNAL).unlink()
    _run(project, openai_env, num_brainstormed=80)
    assert _thought(project) == tasks


def test_what_can_not_be_had_is_said_and_left_out(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(sticky=True, refusal=0.3)
    said = _run(project, openai_env, num_brainstormed=90, max_calls=6, label_sets="propose")

    tasks = project.table("tasks")
    thought = tasks[tasks["source"] == "brainstorm"]
    assert 0 < len(thought) < 72
    assert all(2 <= len(labels) <= 12 for labels in thought["labels"])
    assert all(label["description"] for labels in thought["labels"] for label in labels)
    said = " ".join(said.split())
    assert "of 90 distinct tasks in task_ingest.max_calls=6 calls" in said
    assert "brainstormed tasks without a label set" in said
    assert set(project.table("tasks_by_call")["failure_cause"].dropna()) == {"refused"}


@pytest.mark.slow
def test_a_server_that_fails_ends_it_in_one_line_and_the_same_command_goes_on(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    catalog = project.path("conf/openai/catalog_genai.yml")
    text = catalog.read_text(encoding="utf-8")
    catalog.write_text(text.replace("retries: 4", "retries: 0"), encoding="utf-8")  # with them it takes 10 s more
    server.set_faults(sticky=True, server_error=0.3)
    done = project.run(*_STAGE, *_params(num_brainstormed=80), **openai_env)
    assert done.returncode == 1
    assert "Brainstorming stopped early (server_error" in done.stderr
    assert "Traceback" not in done.stderr
    paid = server.stats()["replied"]

    server.set_faults()
    _run(project, openai_env, num_brainstormed=80)
    assert len(_thought(project)) == 80
    assert server.stats()["repeated_prompts"] == 0
    assert server.stats()["replied"] > paid


@pytest.mark.slow
def test_a_cap_in_the_midst_of_it_ends_the_run_well_and_the_next_one_goes_on(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    size = {"num_brainstormed": 80, "attribute_sampling__num_examples": 40}
    output = project.generate(
        *("--env", "openai", *_params(**size, generation__max_tokens_total=2200, generation__max_concurrency=2)),
        **openai_env,
    )
    assert "stopped   by generation.max_tokens_total" in output
    assert "A cap ended brainstorming at" in " ".join(output.split())
    assert project.ledger()["not_run"] == 40
    assert server.stats()["requests"] == len(_lines(project))

    project.generate("--env", "openai", *_params(**size), **openai_env)
    assert len(_thought(project)) == 80
    assert project.ledger()["not_run"] == 0
    assert server.stats()["repeated_prompts"] == 0


@pytest.mark.slow
def test_a_quote_brainstorms_once_for_the_run_and_leaves_the_users_tables_alone(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    size = _params(num_brainstormed=30, attribute_sampling__num_examples=60)
    done = project.run("--pipelines", "quote", "--env", "openai", *size, **openai_env)
    assert done.returncode == 0, done.stderr
    assert not list(project.path("data/02_intermediate").glob("*.parquet"))

    project.generate("--env", "openai", *size, **openai_env)
    assert server.stats()["repeated_prompts"] == 0
    assert len(_thought(project)) == 30


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (["bakery", "Bakery"], "entry 2 repeats entry 1"),
        pytest.param({"a": 1}, "not a list of domains", marks=pytest.mark.slow),
    ],
)
def test_a_wrong_list_of_domains_shows_before_a_call_is_paid(project: Project, content: object, said: str) -> None:
    project.path("data/01_raw/domains.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    done = project.run("--pipelines", "task_ingest", *_params(num_brainstormed=3))
    assert done.returncode == 1
    assert said in done.stderr
    assert "data/01_raw/domains.yml" in done.stderr
    assert not project.path(_JOURNAL).exists()
