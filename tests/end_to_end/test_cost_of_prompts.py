"""Cost of two prompts on one plan: each is judged by its own calls, in whatever order they run."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.project import TRACKED, Project

_ROWS = 40
_PLAN = f"attribute_sampling.num_examples={_ROWS}"
_MODEL = "offline-template-v1"
_PROMPT = "data/01_raw/prompts/closed_labels.yml"
_CARD = "data/05_model_input/export/huggingface/README.md"
_COMPARISON = "data/08_reporting/comparison.html"
_JUDGED_BY = (
    "calls/this_configuration",
    "calls/per_accepted",
    "tokens/this_configuration",
    "tokens/all",
    "tokens/prompt",
    "tokens/completion",
    "tokens/per_accepted",
    "cost/usd_this_configuration",
    "cost/usd_per_accepted",
    "cost/usd_language/en",
    "time/call_s_per_accepted",
)


class _Run(NamedTuple):
    """What a run printed, and wrote."""

    output: str
    metrics: dict[str, float | None]
    report: str
    card: str
    own_calls: list[dict[str, Any]]
    """Journal lines with the fingerprint of a planned row."""

    @property
    def judged_by(self) -> dict[str, float | None]:
        return {name: value for name, value in self.metrics.items() if name in _JUDGED_BY}


def _generated(project: Project) -> _Run:
    output = project.generate("--params", _PLAN, **TRACKED)
    report, card = (
        project.path(name).read_text(encoding="utf-8") for name in ("data/08_reporting/quality_report.html", _CARD)
    )
    own = set(project.table("calls")["fingerprint"])
    lines = [line for line in project.journal() if line["fingerprint"] in own]
    return _Run(output, project.metrics(), report, card, lines)


def _set_price(path: Path) -> None:
    prices: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    prices["usd_per_million_tokens"][_MODEL] = {"input": 100.0, "output": 400.0}
    path.write_text(yaml.safe_dump(prices), encoding="utf-8")


@pytest.mark.slow
def test_a_prompt_costs_the_same_before_and_after_another_one_was_tried(project: Project) -> None:
    _set_price(project.path("conf/base/prices.yml"))
    project.parameters(
        llm={"defects": {"invalid_json": 0.1}}, quality_report={"thresholds": {"parsed": {"fail": None}}}
    )
    prompt = project.path(_PROMPT)
    of_a = prompt.read_text(encoding="utf-8")
    a = _generated(project)
    prompt.write_text(
        of_a.replace("Tell of one situation", "Tell of one situation that readers will recognise"), "utf-8"
    )
    b = _generated(project)
    prompt.write_text(of_a, encoding="utf-8")

    again = _generated(project)

    assert set(a.judged_by) == set(_JUDGED_BY)
    assert again.judged_by == a.judged_by
    assert (a.metrics["calls/this_run"], again.metrics["calls/this_run"]) == (a.metrics["calls/dataset"], 0)
    for run in (a, b, again):
        tokens = sum(line["prompt_tokens"] + line["completion_tokens"] for line in run.own_calls)
        assert run.metrics["calls/this_configuration"] == len(run.own_calls)
        assert run.metrics["tokens/this_configuration"] == run.metrics["tokens/all"] == tokens
    assert b.metrics["tokens/per_accepted"] == pytest.approx(a.metrics["tokens/per_accepted"], rel=0.1)
    for figure in ("calls/", "tokens/", "cost/usd_"):
        both = sum(run.metrics[f"{figure}this_run"] or 0 for run in (a, b))
        assert b.metrics[f"{figure}dataset"] == again.metrics[f"{figure}dataset"] == pytest.approx(both)

    assert "\ncalls     0" in again.output
    own, whole = (f"{usd:.2f}" for usd in (a.metrics["cost/usd_this_configuration"], b.metrics["cost/usd_dataset"]))
    assert f"\ncost      this run: ${own} (made up)\n          this configuration: ${own} (made up), $" in a.output
    assert "whole history" not in a.output
    assert f"\ncost      this configuration: ${own} (made up), $" in again.output
    assert f"\n          whole history: ${whole} (made up)\n" in again.output
    for page, sign in ((again.report, "$"), (again.card, "USD ")):
        assert "this configuration" in page
        assert "whole history" in page
        assert f"{sign}{own}" in page
        assert f"{sign}{whole}" in page

    last, middle, first = project.mlflow_runs()
    recorded = [{name: run.data.metrics[name] for name in _JUDGED_BY} for run in (first, last)]
    assert recorded == [a.judged_by, a.judged_by]
    assert "| whole history | " in last.data.tags["mlflow.note.content"]

    project.run("--pipelines", "compare", **TRACKED)  # the last two: B, and A again

    compared = project.mlflow_runs()[0].data.metrics
    assert "Amounts per accepted row are those of this configuration" in project.path(_COMPARISON).read_text("utf-8")
    for name in ("calls/per_accepted", "tokens/per_accepted", "cost/usd_per_accepted"):
        difference = last.data.metrics[name] - middle.data.metrics[name]
        assert compared[f"compare/{name}"] == pytest.approx(difference, abs=1e-12)
