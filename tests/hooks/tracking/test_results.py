"""A run that reads what another one wrote is shown under it, and found from it; by the hash of the file alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import yaml
from kedro.pipeline import Pipeline, node

from synthetic_textcat.hooks.tracking import MlflowTracking
from synthetic_textcat.hooks.tracking.results import evaluation_of
from tests.hooks.tracking.project import Project, make_project

if TYPE_CHECKING:
    from mlflow.entities import Run

_PARENT = "mlflow.parentRunId"


def _rows(seed: int) -> pd.DataFrame:
    return pd.DataFrame({"request_id": [f"r{seed}"]})


def _count(examples: pd.DataFrame, absent: object) -> dict[str, float]:
    assert absent is None
    return {"train/rows": len(examples)}


_WRITES = Pipeline([node(_rows, "params:seed", "examples")])
_READS = Pipeline([node(_count, ["examples", "evaluation_set"], "metrics")])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path / "project")
    monkeypatch.chdir(made.path)
    path = made.path / "conf/base/catalog.yml"
    catalog: dict[str, Any] = yaml.safe_load(path.read_text())
    table = {"type": "synthetic_textcat.datasets.TableDataset", "filepath": "data/examples.parquet"}
    absent = {"type": "synthetic_textcat.datasets.UserTableDataset", "filepath": "data/absent.csv"}
    catalog["examples"] = {**table, "metadata": {"mlflow": {"parent": True}}}
    catalog["evaluation_set"] = {
        "type": "synthetic_textcat.datasets.OptionalDataset",
        "dataset": absent,
        "metadata": {"mlflow": {"input": "evaluation"}},
    }
    path.write_text(yaml.safe_dump(catalog))
    return made


def _generate(project: Project, seed: int) -> "Run":
    project.parameters(seed=seed)
    project.run(MlflowTracking(), _WRITES)
    return project.runs()[-1]


def _evaluate(project: Project) -> "Run":
    project.run(MlflowTracking(), _READS, ["evaluate"])
    return project.runs()[-1]


@pytest.mark.whole_run
def test_an_evaluation_stands_under_the_run_that_wrote_its_rows(project: Project) -> None:
    first = _generate(project, 1)
    of_first = _evaluate(project)
    second = _generate(project, 2)
    of_second = _evaluate(project)

    assert of_first.data.tags[_PARENT] == first.info.run_id
    assert of_second.data.tags[_PARENT] == second.info.run_id
    assert _PARENT not in first.data.tags
    for run, evaluation in ((first, of_first), (second, of_second)):
        found = evaluation_of(project.client(), run)
        assert found is not None
        assert found.info.run_id == evaluation.info.run_id
    assert not of_first.inputs or not of_first.inputs.dataset_inputs  # a file that need not be there, and is not


def test_rows_that_no_run_wrote_as_they_are_stand_under_none(project: Project) -> None:
    written = _generate(project, 1)
    assert _evaluate(project).data.tags[_PARENT] == written.info.run_id
    pd.DataFrame({"request_id": ["mine"]}).to_parquet(project.path / "data/examples.parquet")
    assert _PARENT not in _evaluate(project).data.tags
    found = evaluation_of(project.client(), written)
    assert found is not None
    assert found.data.tags[_PARENT] == written.info.run_id


@pytest.mark.whole_run
def test_equal_rows_of_a_later_run_are_its_own_as_well(project: Project) -> None:
    first, again = _generate(project, 1), _generate(project, 1)
    evaluation = _evaluate(project)
    assert evaluation.data.tags[_PARENT] == again.info.run_id
    for run in (first, again):
        found = evaluation_of(project.client(), run)
        assert found is not None
        assert found.info.run_id == evaluation.info.run_id


def test_a_folder_of_parts_is_an_input_with_its_columns(project: Project) -> None:
    path = project.path / "conf/base/catalog.yml"
    catalog: dict[str, Any] = yaml.safe_load(path.read_text())
    rows = {"type": "synthetic_textcat.datasets.RowTableDataset", "filepath": "data/examples.parquet"}
    catalog["examples"] = {**rows, "metadata": {"mlflow": {"input": "evaluation"}}}
    path.write_text(yaml.safe_dump(catalog))
    (project.path / "data/examples.parquet").mkdir(parents=True)
    for part in range(2):
        _rows(part).to_parquet(project.path / f"data/examples.parquet/part-{part}.parquet", index=False)
    inputs = _evaluate(project).inputs
    assert inputs is not None
    (found,) = inputs.dataset_inputs
    assert '"request_id"' in str(found.dataset.schema)
    assert '"num_rows": 2' in str(found.dataset.profile)
