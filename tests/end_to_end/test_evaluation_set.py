"""What the user tests on is never trained on."""

import pandas as pd
import pytest

from tests.support.project import TRACKED, Project


@pytest.mark.slow
def test_rows_of_the_users_evaluation_set_are_in_no_export(project: Project) -> None:
    project.generate("--params", "attribute_sampling.num_examples=60")
    examples = project.table("examples")
    held = examples["input_text"].iloc[[3, 7]]
    pd.DataFrame({"text": [held.iloc[0].upper(), f"{held.iloc[1]} And so on."]}).to_csv(
        project.path("data/01_raw/evaluation_set.csv"), index=False
    )

    done = project.run("--pipelines", "export", **TRACKED)

    assert done.returncode == 0, done.stdout + done.stderr
    taken = set(examples["request_id"].iloc[[3, 7]])
    assert set(project.table("overlaps")["request_id"]) == taken
    assert taken.isdisjoint(project.table("splits")["request_id"])
    triplets = pd.read_parquet(project.path("data/05_model_input/export/triplets.parquet"))
    assert len(triplets) == len(examples) - 2
    (run,) = project.mlflow_runs()
    assert run.data.metrics["export/overlaps_exact"] == 1
    assert run.data.metrics["export/overlaps_near"] == 1
