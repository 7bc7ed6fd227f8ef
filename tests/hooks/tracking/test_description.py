"""What a run's page says at its top."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hooks.tracking.description import Ending, _escaped, describe
from synthetic_textcat.hooks.tracking.run_log import RunLog
from tests.hooks.tracking.project import MlflowClient, make_project

_LEDGER = {
    "planned": 1200,
    "accepted": 1100,
    "rejected": {"label_leaked": 60, "same_labels": 0},
    "failed": {"timeout": 40},
    "not_run": 0,
}
_METRICS = {"calls/this_run": 1300.0, "tokens/this_run": 52000.0, "cost/usd_this_run": 0.5, "cost/usd_dataset": 0.75}
_SAVED = {"ledger": _LEDGER, "metrics": _METRICS}
_EXAMPLES = "s3://bucket/examples.parquet"

Described = Callable[..., str]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    project = make_project(tmp_path / "project")
    made = project.client()
    made.create_experiment("of ours", (project.path / "mlartifacts").as_uri())
    return made


@pytest.fixture
def described(client: MlflowClient) -> Described:
    """Describes a new run that ended so."""

    def describe_new(status: str = "FINISHED", reason: str | None = None, **changes: Any) -> str:
        run_id = client.create_run("1").info.run_id
        client.log_text(run_id, "<html>", "quality_report.html")
        client.log_text(run_id, "seed: 1", "rebuild/parameters.yml")
        told: dict[str, Any] = {
            "pipeline": "generate",
            "is_offline": False,
            "dataset": _EXAMPLES,
            "saved": _SAVED,
        } | changes
        return describe(RunLog(client, "1", run_id), Ending(status=status, reason=reason, **told)).replace(
            run_id, "RUN"
        )

    return describe_new


def test_a_finished_run_says_where_the_rows_went_and_what_to_do_next(described: Described) -> None:
    text = described()
    assert text.startswith(
        "**1,100 of 1,200 planned rows accepted**; 1,300 calls, 52,000 tokens, USD 0.50 in this run, "
        "USD 0.75 for these rows in all runs."
    )
    assert re.findall(r"^\| ([a-z\\, ]+) \| &ensp;([\d,]+) \| &ensp;([\d.%]+) \|$", text, re.MULTILINE) == [
        ("planned", "1,200", "100.0%"),
        ("accepted", "1,100", "91.7%"),
        ("rejected, label leaked", "60", "5.0%"),
        ("failed, timeout", "40", "3.3%"),
        ("not run", "0", "0.0%"),
    ]
    assert "[the report](#/experiments/1/runs/RUN/artifacts/quality_report.html?" in text
    assert "rebuild/parameters.yml" in text
    assert "outcomes.parquet" not in text  # it was not kept
    assert f"`{_EXAMPLES}`" in text
    assert "from_run=RUN" in text
    assert "pipelines compare" not in text  # with what?


def test_the_run_before_is_the_last_finished_one_of_generate(described: Described, client: MlflowClient) -> None:
    for status, pipeline in (("FINISHED", "generate"), ("FAILED", "generate"), ("FINISHED", "quote")):
        run = client.create_run("1", run_name=f"{pipeline}-{status}", tags={"pipeline": pipeline})
        client.set_terminated(run.info.run_id, status)
    text = described()
    (finished,) = [run for run in client.search_runs(["1"]) if run.info.run_name == "generate-FINISHED"]
    assert f"compare.baseline={finished.info.run_id},compare.candidate=RUN" in text
    assert f"#/compare-runs?runs=%5B%22{finished.info.run_id}%22%2C%22RUN%22%5D" in text
    assert "pipelines compare" not in described(pipeline="quality_report")


def test_a_failure_comes_first_and_is_only_text(described: Described) -> None:
    reason = "No luck: <img src=x> [here](https://evil.example) ```\n# **big**"
    text = described("FAILED", reason, saved={}, is_offline=True)
    assert text.startswith("**FAILED**: No luck\\: &lt;img src=x&gt; \\[here\\]\\(https\\:")
    assert "Written by templates" in text
    assert "| rows" not in text
    assert "from_run=RUN" in text
    assert "from_run" not in described("KILLED", "cut short", saved={})


def test_concerns_and_what_stopped_the_run_are_told(described: Described) -> None:
    concerns = [{"level": "warn", "says": f"| {number} of <rows>"} for number in range(9)]
    text = described(saved=_SAVED | {"concerns": concerns, "stopped_by": "max_cost_usd=1\n"})
    assert text.count("- warn: ") == 5
    assert "- warn: \\| 0 of &lt;rows&gt;" in text
    assert "Stopped by max\\_cost\\_usd=1; the same command continues" in text


def test_an_unknown_cost_is_unknown(described: Described) -> None:
    metrics = _METRICS | {"cost/usd_this_run": None, "cost/usd_dataset": None, "tokens/this_run": None}
    assert "1,300 calls, cost unknown." in described(saved=_SAVED | {"metrics": metrics})


@given(st.text())
def test_whatever_is_escaped_is_one_line_without_markup(text: str) -> None:
    escaped = _escaped(text)
    assert "\n" not in escaped
    assert not re.search(r"[<>]", escaped)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]()|$]", escaped)
