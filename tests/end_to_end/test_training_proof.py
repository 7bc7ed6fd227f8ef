"""What the rows are made for: they load where trainers load them, and a model learns from them."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.project import TRACKED, Project, environment

_WITH_EXTRA = pytest.mark.skipif(not find_spec("sentence_transformers"), reason="the extra `train` is not installed")
_FOLDER = "data/05_model_input/export/huggingface"
_LOADED = """
import json, sys
from datasets import load_dataset
configs = {name: load_dataset(sys.argv[1], name) for name in ("default", "triplet", "text-label")}
print(json.dumps({name: {split: [rows.num_rows, rows.column_names] for split, rows in each.items()}
                  for name, each in configs.items()}))
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("proof"))
    project.generate("--params", "attribute_sampling.num_examples=1000")
    return project


@_WITH_EXTRA
@pytest.mark.slow
def test_a_thousand_rows_of_the_offline_model_train_a_model(generated: Project) -> None:
    done = generated.run("--pipelines", "evaluate", **TRACKED)
    assert done.returncode == 0, done.stdout + done.stderr

    found = json.loads(generated.path("data/08_reporting/evaluation.json").read_text(encoding="utf-8"))
    assert 0.3 < found["train/triplet_accuracy_before"] < 0.7
    assert found["train/triplet_accuracy_after"] >= 0.8
    assert found["train/held_out_rows"] >= 80
    (run,) = generated.mlflow_runs()
    assert run.data.metrics["train/triplet_accuracy_after"] == found["train/triplet_accuracy_after"]
    assert run.info.status == "FINISHED"


@_WITH_EXTRA
@pytest.mark.slow
def test_each_config_of_the_dataset_folder_loads(generated: Project, tmp_path: Path) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, str(generated.path(_FOLDER))],
        env=environment(**offline),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    configs = json.loads(done.stdout.splitlines()[-1])
    splits = json.loads(generated.path("data/08_reporting/splits.json").read_text(encoding="utf-8"))
    for each in configs.values():
        rows = {split: rows for split, (rows, _) in each.items()}
        assert rows == {split: splits[f"export/rows_{split}"] for split in ("train", "validation", "test")}
    assert configs["triplet"]["train"][1] == ["anchor", "positive", "negative"]
    assert configs["text-label"]["train"][1] == ["text", "label", "task", "task_id"]
