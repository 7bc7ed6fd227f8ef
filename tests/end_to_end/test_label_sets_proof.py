"""Three thousand rows with several labels a text, by the offline model: what a linear model learns of each export."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.support.label_set_proof import check
from tests.support.label_set_readers import Rows
from tests.support.project import Project
from tests.support.several_labels import ROUTING, several_labels_tasks


def _generated(folder: Path, rows: int, seed: int) -> Project:
    folder.mkdir()
    project = Project(folder)
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump([ROUTING]), encoding="utf-8")
    project.generate("--params", f"attribute_sampling.num_examples={rows},seed={seed}")
    return project


def _examples(project: Project) -> pd.DataFrame:
    rows = pd.read_parquet(project.path("data/05_model_input/examples.parquet"))
    return rows.assign(labels=rows["labels"].map(tuple))


@pytest.mark.slow
def test_rows_of_another_seed_are_classified_by_what_each_export_teaches(tmp_path: Path) -> None:
    project = _generated(tmp_path / "trained", 3_000, 42)
    other = _examples(_generated(tmp_path / "tested", 1_000, 7))
    tested: Rows = dict(zip(other["input_text"], other["labels"], strict=True))
    rows = _examples(project)
    splits = pd.read_parquet(project.path("data/05_model_input/splits.parquet"))["split"]
    assert len(rows) > 2_800
    task, *_ = several_labels_tasks()
    score = check(project.path("data/05_model_input/export"), rows, splits, tested, task)
    assert score >= 0.9
