"""Trained on synthetic rows, tested on real ones; and two runs compared by what they train."""

import json

import pandas as pd
import pytest
import skops.io

from tests.support.project import TRACKED, Project


@pytest.mark.slow
def test_two_runs_are_compared_by_what_their_rows_train(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = Project(tmp_path_factory.mktemp("elsewhere"))
    elsewhere.generate("--params", "attribute_sampling.num_examples=1200,seed=7")
    real = elsewhere.table("examples")
    real = real[real["task"] == "Sort a news story by its topic."]
    rows = real.rename(columns={"input_text": "text"})[["text", "label", "task"]]
    rows.to_csv(project.path("data/01_raw/evaluation_set.csv"), index=False, sep=";")

    for size in (600, 1200):
        project.generate("--params", f"attribute_sampling.num_examples={size}", **TRACKED)
        done = project.run("--pipelines", "evaluate", "--params", "evaluate.save_classifiers=true", **TRACKED)
        assert done.returncode == 0, done.stderr
        assert "scores    data/08_reporting/evaluation_by_task.json" in done.stdout
    evaluation, generation = project.mlflow_runs()[:2]
    assert evaluation.data.tags["mlflow.parentRunId"] == generation.info.run_id
    found = json.loads(project.path("data/08_reporting/evaluation.json").read_text(encoding="utf-8"))
    assert found["real/macro_f1_low"] <= found["real/macro_f1"] <= found["real/macro_f1_high"]
    assert found["real/macro_f1"] > 0.8
    assert found["real/majority_macro_f1"] < 0.2
    assert found["real/training_rows_left_out_exact"] == 0
    assert evaluation.data.metrics["real/macro_f1"] == found["real/macro_f1"]
    curve = json.loads(project.path("data/08_reporting/plots/learning_curve.json").read_text(encoding="utf-8"))
    assert curve["data"][0]["name"] == rows["task"].iloc[0]

    compared = project.run("--pipelines", "compare")
    assert compared.returncode == 0, compared.stderr
    page = project.path("data/08_reporting/comparison.md").read_text(encoding="utf-8")
    paired, single = (line.split("|") for line in page.splitlines() if line.startswith("| real/macro_f1 |"))
    assert paired[3].strip() == f"{found['real/macro_f1']:.3f}"
    assert " to " in paired[5]
    assert f"{found['real/macro_f1']:.3f} (" in single[3]

    path = project.path(f"data/06_models/{real['task_id'].iloc[0]}.skops")
    trusted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["trusted"]
    predicted = skops.io.load(path, trusted=trusted).predict(real["input_text"].to_list())
    assert (predicted == real["label"]).mean() > 0.8

    pd.DataFrame({"text": ["a"], "label": ["Sprot"], "task": rows["task"].iloc[:1]}).to_csv(
        project.path("data/01_raw/evaluation_set.csv"), index=False
    )
    refused = project.run("--pipelines", "evaluate")
    assert refused.returncode == 1
    assert "'Sprot' in 1 row (did you mean Sport?)" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
