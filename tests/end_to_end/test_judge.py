"""A judge is asked for the labels, blind: what it costs, what is asked again, and what becomes of its verdicts."""

import json
import signal
import time
from typing import Any

import pytest

from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS
from tests.support.project import TRACKED, Project, end
from tests.support.server import FaultServer

pytestmark = pytest.mark.whole_run

_OPENAI = ("--env", "openai")
_JUDGE = "gpt-4.1-mini"
_ROWS = 60
_CONCURRENCY = 4


def _set_up(project: Project, rows: int = _ROWS, **label_check: Any) -> None:
    project.parameters(
        attribute_sampling={"num_examples": rows},
        generation={"max_concurrency": _CONCURRENCY},
        quality_report={"min_yield": 0},
        label_check={"share": 1.0, "llm": {"model": _JUDGE}, **label_check},
    )


def _verdict_lines(project: Project) -> list[dict[str, Any]]:
    path = project.path("data/03_primary/verdicts.jsonl")
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []


def _wait_for_verdicts(project: Project, lines: int, within_s: float = 60.0) -> None:
    end_at = time.monotonic() + within_s
    while len(_verdict_lines(project)) < lines:
        assert time.monotonic() < end_at, "the judge's journal does not grow"
        time.sleep(0.05)


def _adds_up(project: Project) -> dict[str, Any]:
    ledger = project.ledger()
    ends = sum(ledger["rejected"].values()) + sum(ledger["failed"].values()) + ledger["not_run"] + ledger["surplus"]
    assert ledger["accepted"] + ends == ledger["planned"]
    return ledger


def test_verdicts_are_paid_for_recorded_and_reject_rows(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    _set_up(project, on_dispute="reject")

    output = project.generate(*_OPENAI, **openai_env)

    verdicts, rejected = project.table("label_verdicts"), project.table("rejected")
    assert {str(name): str(kind) for name, kind in verdicts.dtypes.items()} == LABEL_VERDICTS
    assert len(verdicts) == _ROWS  # near duplicates included
    assert set(verdicts["model_name"]) == {_JUDGE}
    assert server.stats()["requests"] == 2 * _ROWS
    lines = _verdict_lines(project)
    assert {line["request_id"] for line in lines} == set(project.table("requests")["request_id"])

    disputed = rejected[rejected["reject_reason"] == "label_disputed"]
    wrong = verdicts[~verdicts["agrees"] & verdicts["verdict"].notna()]
    assert set(disputed["request_id"]) == set(wrong["request_id"])
    assert 0 < len(disputed) < _ROWS
    assert disputed["detail"].str.match(r"the judge says '.+' \(1 vote\)").all()
    assert _adds_up(project)["rejected"]["label_disputed"] == len(disputed)

    metrics, tokens = project.metrics(), sum(line["prompt_tokens"] + line["completion_tokens"] for line in lines)
    rows = sum(line["prompt_tokens"] + line["completion_tokens"] for line in project.journal())
    assert metrics["judge/tokens_this_run"] == tokens
    assert metrics["tokens/this_run"] == tokens + rows
    assert metrics["calls/this_run"] == 2 * _ROWS
    assert f"judged    {_ROWS}: agreed {_ROWS - len(wrong)}, disputed {len(wrong)}" in output
    assert f"judge     {_ROWS} calls, {tokens:,} tokens, $" in output
    assert f"{_ROWS}/{_ROWS} verdicts" in output

    assert metrics["label/judged"] == _ROWS  # rejected rows too: the others agree by definition
    assert metrics["label/agreement"] == pytest.approx(1 - len(wrong) / _ROWS, abs=1e-3)
    assert "Labels, judged blind" in project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    card = project.path("data/05_model_input/export/huggingface/README.md").read_text(encoding="utf-8")
    assert f"were checked blind by `{_JUDGE}`" in card
    assert f"{len(disputed)} more rows were left out" in card


@pytest.mark.slow
def test_a_run_in_mlflow_has_the_judge_its_prompts_and_its_bill(project: Project, openai_env: dict[str, str]) -> None:
    _set_up(project)

    project.generate(*_OPENAI, **openai_env, **TRACKED)

    tokens = sum(line["prompt_tokens"] + line["completion_tokens"] for line in _verdict_lines(project))
    (run,) = project.mlflow_runs()
    assert (run.data.params["label_check.share"], run.data.params["label_check.llm"]) == (
        "1.0",
        json.dumps({"model": _JUDGE}),
    )
    assert run.data.metrics["judge/tokens_this_run"] == tokens
    assert "label_check_prompt" in json.dumps(run.data.tags)
    assert run.data.metrics["label/judged"] == _ROWS


@pytest.mark.slow
def test_only_what_changes_is_asked_again(project: Project, server: FaultServer, openai_env: dict[str, str]) -> None:
    def asked(*arguments: str) -> int:
        before = server.stats()["requests"]
        done = project.run(*arguments, *_OPENAI, **openai_env)
        assert done.returncode == 0, done.stdout + done.stderr
        return int(server.stats()["requests"] - before)

    _set_up(project, share=0.5)
    first = asked("--pipelines", "generate")
    half = len(project.table("label_verdicts"))
    assert first == _ROWS + half
    assert asked("--pipelines", "generate") == 0
    _set_up(project, share=0.0)
    assert asked("--pipelines", "label_check") == _ROWS - half  # the command asks for all
    _set_up(project, votes=2)
    assert asked("--pipelines", "generate") == _ROWS
    prompt = project.path("data/01_raw/prompts/label_check_of_two.yml")
    prompt.write_text(prompt.read_text(encoding="utf-8").replace("Which answer", "Which one"), encoding="utf-8")
    open_rows = int(project.table("requests")["label"].isna().sum())
    assert 0 < open_rows < _ROWS
    assert asked("--pipelines", "label_check") == 2 * open_rows
    closed = project.path("data/01_raw/prompts/closed_labels.yml")
    closed.write_text(closed.read_text(encoding="utf-8").replace("There is a", "Take a"), encoding="utf-8")
    assert asked("--pipelines", "generation") == _ROWS - open_rows
    assert asked("--pipelines", "quality_report") == 0
    assert len(project.table("label_verdicts")) == open_rows  # those of other texts do not count


@pytest.mark.slow
def test_after_a_kill_in_the_judge_only_what_is_missing_is_asked(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    _set_up(project, rows=150)
    project.generate(*_OPENAI, "--params", "label_check.share=0.0", **openai_env)
    server.set_faults(latency_ms=200)
    running = project.start("--pipelines", "generate", *_OPENAI, **openai_env)
    _wait_for_verdicts(project, 30)
    end(running, signal.SIGKILL)
    saved, asked = len(_verdict_lines(project)), server.stats()["requests"]
    assert 30 <= saved < 150

    server.set_faults(latency_ms=0)
    project.generate(*_OPENAI, **openai_env)

    assert server.stats()["requests"] - asked == 150 - saved
    assert asked - 150 - saved <= _CONCURRENCY + _CONCURRENCY * 5  # in flight, and those of the last second
    assert len(project.table("label_verdicts")) == 150


@pytest.mark.slow
def test_a_cap_counts_rows_and_verdicts_together(project: Project, openai_env: dict[str, str]) -> None:
    _set_up(project)
    project.generate(*_OPENAI, "--params", "label_check.share=0.0", **openai_env)
    of_rows = project.metrics()["tokens/this_run"]
    assert of_rows is not None
    project.path("data/03_primary/completions.jsonl").unlink()
    cap = int(of_rows + 5_000)

    output = project.generate(*_OPENAI, "--params", f"generation.max_tokens_total={cap}", **openai_env)

    judged, unjudged = project.table("label_verdicts"), project.table("unjudged")
    assert 0 < len(judged) < _ROWS
    assert len(judged) + len(unjudged) == _ROWS
    assert set(unjudged["cause"]) == {"not_asked"}
    assert "stopped   by generation.max_tokens_total" in output
    assert _adds_up(project)["not_run"] == 0


@pytest.mark.slow
def test_an_outage_leaves_rows_unjudged_and_the_ledger_whole(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    _set_up(project)
    project.generate(*_OPENAI, "--params", "label_check.share=0.0", **openai_env)
    server.set_faults(always="server_error")
    project.parameters(
        attribute_sampling={"num_examples": _ROWS},
        generation={"max_concurrency": _CONCURRENCY, "max_wait_seconds": 1},
        label_check={"share": 1.0, "llm": {"model": _JUDGE}},
    )

    output = project.generate(*_OPENAI, **openai_env)

    assert "stopped   by server_error" in output
    assert len(project.table("unjudged")) == _ROWS
    assert _adds_up(project)["accepted"] > 0


@pytest.mark.slow
def test_a_quota_refills_for_disputed_rows(project: Project, openai_env: dict[str, str]) -> None:
    labels = ["Sport", "Business", "Health", "Science", "Travel", "Weather", "Music", "Politics"]
    tasks = [{"task": "Sort a news story by its topic.", "labels": labels}]
    project.path("data/01_raw/tasks.yml").write_text(json.dumps(tasks), encoding="utf-8")
    project.parameters(
        attribute_sampling={"target_accepted": 4, "per": ["task", "label"], "num_words": "less than 10"},
        quality_report={"min_yield": 0, "thresholds": {"near_duplicates": {"fail": None}}},
        label_check={"share": 1.0, "on_dispute": "reject", "llm": {"model": _JUDGE}},
    )

    project.generate(*_OPENAI, **openai_env)

    examples = project.table("examples")
    assert examples["label"].value_counts().to_dict() == dict.fromkeys(labels, 4)
    assert _adds_up(project)["rejected"]["label_disputed"] > 0
    verdicts = project.table("label_verdicts").set_index("request_id")
    assert verdicts.loc[examples["request_id"], "agrees"].all()


@pytest.mark.slow
def test_a_quote_prices_rows_and_verdicts(project: Project, server: FaultServer, openai_env: dict[str, str]) -> None:
    _set_up(project, rows=200, share=0.5)
    done = project.run("--pipelines", "quote", *_OPENAI, **openai_env)
    assert done.returncode == 0, done.stdout + done.stderr
    quote = project.quote()
    assert quote["quote/pilot/verdicts"] == 20
    assert server.stats()["requests"] == 40
    total = quote["quote/usd_rows/expected"] + quote["quote/usd_verdicts/expected"]
    assert quote["quote/usd/expected"] == pytest.approx(total)

    project.generate(*_OPENAI, **openai_env)

    metrics = project.metrics()
    assert quote["quote/usd/low"] * 0.9 <= metrics["cost/usd_this_configuration"] <= quote["quote/usd/high"] * 1.1
    assert server.stats()["repeated_prompts"] == 0
