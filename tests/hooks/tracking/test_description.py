"""What a run's page says at its top."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hooks.tracking.description import Ending, _escaped, describe, start_tags
from synthetic_textcat.hooks.tracking.run_log import RunLog
from synthetic_textcat.schemas.outcomes import BANNER

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LEDGER = {
    "planned": 1200,
    "accepted": 1100,
    "rejected": {"label_leaked": 60, "same_labels": 0},
    "failed": {"timeout": 40},
    "not_run": 0,
}
_METRICS = {
    "calls/this_configuration": 1200.0,
    "tokens/this_configuration": 48000.0,
    "cost/usd_known_this_configuration": 0.4,
    "calls/this_run": 1300.0,
    "tokens/this_run": 52000.0,
    "cost/usd_known_this_run": 0.5,
    "calls/per_accepted": 1.25,
    "tokens/per_accepted": 50.0,
    "cost/usd_per_accepted": 0.0005,
    "calls/dataset": 2600.0,
    "tokens/dataset": None,
    "cost/usd_known_dataset": 0.75,
    "calls/unknown_usage_dataset": 1.0,
    "cost/usd_unknown_at_most_dataset": 0.02,
}
_SAVED = {"ledger": _LEDGER, "metrics": _METRICS}
_EXAMPLES = "s3://bucket/examples.parquet"

Described = Callable[..., str]


@pytest.fixture
def experiment(shared_client: "MlflowClient", tmp_path: Path) -> str:
    """Id of an experiment without runs."""
    made: str = shared_client.create_experiment(tmp_path.as_posix(), (tmp_path / "mlartifacts").as_uri())
    return made


@pytest.fixture
def described(shared_client: "MlflowClient", experiment: str) -> Described:
    """Describes a new run that ended so."""

    def describe_new(status: str = "FINISHED", reason: str | None = None, **changes: Any) -> str:
        run_id = shared_client.create_run(experiment).info.run_id
        shared_client.log_text(run_id, "<html>", "quality_report.html")
        shared_client.log_text(run_id, "seed: 1", "rebuild/parameters.yml")
        facts: dict[str, Any] = {
            "pipeline": "generate",
            "note": None,
            "dataset": _EXAMPLES,
            "saved": _SAVED,
        } | changes
        text = describe(RunLog(shared_client, experiment, run_id), Ending(status=status, reason=reason, **facts))
        return text.replace(run_id, "RUN").replace(f"#/experiments/{experiment}/", "#/experiments/EXPERIMENT/")

    return describe_new


def test_a_finished_run_says_where_the_rows_went_and_what_to_do_next(described: Described) -> None:
    text = described()
    assert text.startswith("**1,100 of 1,200 planned rows accepted**.\n")
    assert re.findall(r"^\| ([a-z\\, ]+) \| &ensp;([\d,]+) \| &ensp;([\d.%]+) \|$", text, re.MULTILINE) == [
        ("planned", "1,200", "100.0%"),
        ("accepted", "1,100", "91.7%"),
        ("rejected, label leaked", "60", "5.0%"),
        ("failed, timeout", "40", "3.3%"),
        ("not run", "0", "0.0%"),
    ]
    assert "[the report](#/experiments/EXPERIMENT/runs/RUN/artifacts/quality_report.html?" in text
    assert "rebuild/parameters.yml" in text
    assert "outcomes.parquet" not in text  # it was not kept
    assert f"`{_EXAMPLES}`" in text
    assert "from_run=RUN" in text
    assert "pipelines compare" not in text  # with what?


def test_the_run_before_is_the_last_finished_one_of_generate(
    described: Described, shared_client: "MlflowClient", experiment: str
) -> None:
    for status, pipeline in (("FINISHED", "generate"), ("FAILED", "generate"), ("FINISHED", "quote")):
        run = shared_client.create_run(experiment, run_name=f"{pipeline}-{status}", tags={"pipeline": pipeline})
        shared_client.set_terminated(run.info.run_id, status)
    text = described()
    assert (
        max(len(line) for block in text.split("```")[1::2] for line in block.splitlines()) < 90
    )  # else it pushes facts off
    (finished,) = [run for run in shared_client.search_runs([experiment]) if run.info.run_name == "generate-FINISHED"]
    assert f"compare.baseline={finished.info.run_id},compare.candidate=RUN" in text.replace("\\\n", "")
    assert f"#/compare-runs?runs=%5B%22{finished.info.run_id}%22%2C%22RUN%22%5D" in text
    assert "pipelines compare" not in described(pipeline="quality_report")


def test_a_failure_comes_first_and_is_only_text(described: Described) -> None:
    reason = "No luck: <img src=x> [here](https://evil.example) ```\n# **big**"
    text = described("FAILED", reason, saved={}, note=BANNER)
    assert text.startswith("**FAILED**: No luck\\: &lt;img src=x&gt; \\[here\\]\\(https\\:")
    assert "Written by templates" in text
    assert "| rows" not in text
    assert "from_run=RUN" in text
    assert "from_run" not in described("KILLED", "cut short", saved={})


def test_concerns_and_what_stopped_the_run_are_reported(described: Described) -> None:
    concerns = [{"level": "warn", "says": f"| {number} of <rows>"} for number in range(9)]
    text = described(saved=_SAVED | {"concerns": concerns, "stopped_by": "max_cost_usd=1\n"})
    assert "\n\n**Calls, tokens and cost**\n\n| paid for" in text  # MLflow draws two tables in a row as one
    assert "\n\n**Concerns**\n\n- warn: " in text
    assert text.count("**Concerns**") == 1
    assert text.count("- warn: ") == 5
    assert "- warn: \\| 0 of &lt;rows&gt;" in text
    assert "Stopped by max\\_cost\\_usd=1; the same command continues" in text


def test_calls_tokens_and_cost_are_listed_by_figure_without_dollar_signs(described: Described) -> None:
    rows = [line.replace("&ensp;", "") for line in described().splitlines()]
    first = rows.index("| this configuration | 1,200 | 48,000 | USD 0.40 |")
    cost = "unknown (1 call of unknown usage, charged at most USD 0.020; USD 0.75 for the other 2,599 calls)"
    assert rows[first + 1 : first + 4] == [
        "| an accepted row | 1.25 | 50 | USD 0.00050 |",
        "| this run | 1,300 | 52,000 | USD 0.50 |",
        f"| whole history | 2,600 | unknown | {cost} |",
    ]


@given(st.text())
def test_whatever_is_escaped_is_one_line_without_markup(text: str) -> None:
    escaped = _escaped(text)
    assert "\n" not in escaped
    assert not re.search(r"[<>]", escaped)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]()|$]", escaped)


@pytest.mark.parametrize(("target", "counted_by"), [(None, "num_examples"), (12, "target_accepted")])
def test_a_quota_replaces_the_number_of_rows_among_the_tags(
    tmp_path: Path, target: int | None, counted_by: str
) -> None:
    context: Any = SimpleNamespace(env="base", project_path=tmp_path)
    sampling = {"num_examples": 200, "target_accepted": target, "per": "task"}
    params = {"llm": {"model": "gpt-4o-mini"}, "attribute_sampling": sampling}
    tags = start_tags({"pipeline_names": ["generate"]}, params, context)
    assert tags.keys() & {"num_examples", "target_accepted"} == {counted_by}


@pytest.mark.parametrize(
    ("model", "tag"), [("offline-template-v1", "template_data"), ("x-135m", "small_model_data"), ("gpt-4o-mini", None)]
)
def test_a_run_is_tagged_by_what_writes_its_rows(tmp_path: Path, model: str, tag: str | None) -> None:
    context: Any = SimpleNamespace(env="local_model", project_path=tmp_path)
    for pipeline, is_tagged in (("generate", tag is not None), ("publish", False)):
        tags = start_tags({"pipeline_names": [pipeline]}, {"llm": {"model": model}}, context)
        assert sorted(tags.keys() & {"template_data", "small_model_data"}) == ([tag] if is_tagged else [])
        assert ("not for training" in tags.get("mlflow.note.content", "")) is is_tagged
