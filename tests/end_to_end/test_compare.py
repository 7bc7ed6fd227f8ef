"""Two runs side by side, from MLflow alone."""

import re

import pytest

from tests.support.project import TRACKED, Project

_ROWS = "attribute_sampling.num_examples=120"


@pytest.mark.slow
def test_two_runs_are_compared_row_by_row_whatever_the_next_run_has_overwritten(project: Project) -> None:
    project.parameters(
        llm={"defects": {"label_leaked": 0.3, "wrong_label": 0.3}},
        quality_report={"thresholds": {"leaked": {"fail": None}}},
        label_check={"share": 1.0},
    )
    project.generate("--params", _ROWS, **TRACKED)
    alone = project.run("--pipelines", "compare", **TRACKED)
    assert alone.returncode == 1
    assert "no other finished run of generate" in alone.stderr
    assert "Traceback" not in alone.stderr

    project.parameters(llm={"defects": {}})
    project.generate("--params", f"{_ROWS},llm.temperature=0.9", **TRACKED)
    project.run("--pipelines", "label_check", "--params", f"{_ROWS},llm.temperature=0.9", **TRACKED)
    project.run("--pipelines", "quote", **TRACKED)
    candidate, baseline = (
        run
        for run in project.mlflow_runs()
        if run.data.tags["pipeline"] == "generate" and run.info.status == "FINISHED"
    )
    project.path("data/08_reporting/outcomes.parquet").unlink()

    done = project.run("--pipelines", "compare", **TRACKED)

    assert done.returncode == 0, done.stderr
    assert "rejected/label_leaked" in done.stdout
    assert max(map(len, done.stdout[done.stdout.index("compare ") :].splitlines())) <= 80
    page = project.path("data/08_reporting/comparison.html").read_text(encoding="utf-8").replace("<wbr>", "")
    assert "120 planned rows were run in both" in page
    assert "llm.temperature" in page
    assert "Accepted now, not before: 20" in page
    assert re.search(r"Measured on \d+ rows judged in both, by offline-template-v1", page)
    told = project.mlflow_runs()[0]
    assert told.data.tags["compare.baseline"] == baseline.info.run_id
    assert told.data.tags["compare.candidate"] == candidate.info.run_id
    assert told.data.metrics["compare/yield/low"] > 0
    assert told.data.metrics["compare/label/agreement/low"] > 0  # of the run's own verdicts, and of its label check's

    named = f"compare.baseline={candidate.info.run_id},compare.candidate={baseline.info.run_name}"
    project.run("--pipelines", "compare", "--params", named, **TRACKED)
    assert project.mlflow_runs()[0].data.metrics["compare/yield/high"] < 0
    project.run("--pipelines", "compare", "--params", f"compare.baseline={candidate.info.run_name}", **TRACKED)
    assert project.mlflow_runs()[0].data.tags["compare.candidate"] == baseline.info.run_id  # never with itself
    unknown = project.run("--pipelines", "compare", "--params", "compare.baseline=nothing", **TRACKED)
    assert unknown.returncode == 1
    assert "compare.baseline=nothing: no run of the experiment" in unknown.stderr
