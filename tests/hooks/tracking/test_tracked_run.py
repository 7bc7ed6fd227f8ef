"""One MLflow run a pipeline run: what it holds, how it ends, and that it never stands in the way."""

import hashlib
import json
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pytest
import yaml
from kedro.io import DatasetError

from synthetic_textcat.hooks import RunNotes
from synthetic_textcat.hooks.tracking import MlflowTracking
from tests.hooks.tracking.pipelines import reading_pipeline, small_pipeline
from tests.hooks.tracking.project import PARAMETERS, PROMPT, Project, make_project

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput, Run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path / "größer than one")
    monkeypatch.chdir(made.path)
    return made


@pytest.fixture
def hook() -> MlflowTracking:
    return MlflowTracking()


class Finished(NamedTuple):
    """A run that ended well, the hook that recorded it, and its project."""

    project: Project
    hook: MlflowTracking
    run: "Run"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One run for the tests that only read what it recorded."""
    with pytest.MonkeyPatch.context() as patch:
        project, hook = make_project(tmp_path_factory.mktemp("finished") / "größer than one"), MlflowTracking()
        patch.chdir(project.path)
        project.run(hook, small_pipeline())
        (run,) = project.runs()
    return Finished(project, hook, run)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _inputs(run: "Run") -> "list[DatasetInput]":
    assert run.inputs is not None
    return run.inputs.dataset_inputs


def test_a_finished_run_holds_parameters_metrics_and_tags(finished: Finished) -> None:
    project, hook, run = finished
    assert run.info.run_id == hook.run_id
    assert hook.tracking_uri == f"sqlite:///{project.path}/mlflow.db"
    assert run.info.status == "FINISHED"
    assert re.fullmatch(r"\d{6}-n200-s42-generate-offline-template-v1", run.info.run_name or "")
    assert run.data.params == {
        "seed": "42",
        "llm.model": "offline-template-v1",
        "llm.temperature": "1.0",
        "llm.max_tokens": "null",
        "llm.defects": '{"refused": 0.01}',
        "attribute_sampling.num_examples": "200",
        "attribute_sampling.language": '{"English": 3, "Welsh": 1}',
        "export": "{}",
        "fail": "false",
    }
    assert run.data.metrics == {"rows/planned": 200, "yield/all": 0.5}
    tags = run.data.tags
    assert tags["pipeline"] == "generate"
    assert tags["env"] == "local"
    assert (tags["num_examples"], tags["language"]) == ("200", '{"English": 3, "Welsh": 1}')
    assert tags["process"].endswith(f":{os.getpid()}")
    assert tags["template_data"] == "true"
    assert "not for training" in tags["mlflow.note.content"]
    assert tags["plan_sha256"] == "abc123"
    assert tags["version.mlflow"].startswith("3.")
    assert tags["sha256.tasks"] == _sha256(project.path / "data/tasks.parquet")
    assert "sha256.unmarked" not in tags
    assert "reason" not in tags


def test_a_finished_run_holds_the_files_that_rebuild_it(finished: Finished) -> None:
    project, _, run = finished
    files = project.files(run)
    assert sorted(files) == [
        "rebuild/constraints.txt",
        "rebuild/parameters.yml",
        "rebuild/plan_sha256.txt",
        "rebuild/prompts/row.yml",
        "rebuild/tasks.parquet",
        "report.html",
    ]
    assert yaml.safe_load(files["rebuild/parameters.yml"]) == PARAMETERS
    assert files["rebuild/prompts/row.yml"].decode() == PROMPT
    assert files["rebuild/tasks.parquet"] == (project.path / "data/tasks.parquet").read_bytes()


def test_inputs_are_distinguished_by_all_bytes(finished: Finished) -> None:
    project, _, run = finished
    (given,) = _inputs(run)
    assert given.dataset.name == "tasks"
    assert given.dataset.digest == _sha256(project.path / "data/tasks.parquet")[:32]
    assert json.loads(given.dataset.source) == {"uri": "data/tasks.parquet"}
    assert json.loads(given.dataset.profile or "") == {"num_rows": 3, "num_elements": 6}
    sha256 = _sha256(project.path / "data/tasks.parquet")
    assert {tag.key: tag.value for tag in given.tags} == {"mlflow.data.context": "tasks", "sha256": sha256}


@pytest.mark.whole_run
def test_the_same_prompt_text_keeps_its_version(project: Project, hook: MlflowTracking) -> None:
    prompt = project.path / "data/prompts/row.yml"
    for text in (PROMPT, "# only a comment\n" + PROMPT, PROMPT.replace("Write", "Invent"), PROMPT):
        prompt.write_text(text)
        project.run(hook, small_pipeline())
    runs = project.runs()
    name = "synthetic-textcat.row_prompt"
    assert [run.data.tags["prompt.row_prompt"] for run in runs] == [f"prompts:/{name}/{n}" for n in (1, 1, 2, 1)]
    assert json.loads(runs[2].data.tags["mlflow.linkedPrompts"]) == [{"name": name, "version": "2"}]
    version = project.client().get_prompt_version(name, 1)
    assert version.template == [
        {"role": "system", "content": "Write {one} text in {{language}}."},
        {"role": "user", "content": "{{task}}"},
    ]
    assert version.variables == {"language", "task"}
    (shown,) = project.client().search_prompts(f"experiment_id = '{runs[0].info.experiment_id}'")
    assert shown.name == name


@pytest.mark.whole_run
def test_a_prompt_shows_in_each_experiment_that_used_it(
    project: Project, hook: MlflowTracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run(hook, small_pipeline())
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "another")
    project.run(hook, small_pipeline())
    client = project.client()
    for name in ("synthetic-textcat", "another"):
        experiment = client.get_experiment_by_name(name)
        assert experiment is not None
        assert len(client.search_prompts(f"experiment_id = '{experiment.experiment_id}'")) == 1


def test_an_input_that_is_no_frame_and_a_versioned_file_are_recorded(project: Project, hook: MlflowTracking) -> None:
    catalog = project.path / "conf/base/catalog.yml"
    entries = yaml.safe_load(catalog.read_text())
    entries["report"] |= {"versioned": True, "metadata": {"mlflow": {"input": "text", "artifact": "out"}}}
    catalog.write_text(yaml.safe_dump(entries))
    project.run(hook, small_pipeline())
    (run,) = project.runs()
    (version,) = project.path.glob("data/report.html/*/report.html")
    given = {given.dataset.name: given.dataset for given in _inputs(run)}
    assert given["report"].digest == _sha256(version)[:32]
    assert given["report"].schema is None
    assert project.files(run)["out/report.html"] == b"<html>"


def test_a_prompt_is_recorded_as_the_run_read_it(project: Project, hook: MlflowTracking) -> None:
    prompt = project.path / "data/prompts/row.yml"
    read = _sha256(prompt)
    project.parameters(fail="edit the prompt")
    project.run(hook, small_pipeline())
    assert _sha256(prompt) != read
    (run,) = project.runs()
    assert project.files(run)["rebuild/prompts/row.yml"].decode() == PROMPT
    assert run.data.tags["sha256.row_prompt"] == read


@pytest.mark.whole_run
def test_a_part_of_the_pipeline_records_what_it_read_as_its_inputs(project: Project, hook: MlflowTracking) -> None:
    project.run(hook, small_pipeline())
    project.run(hook, small_pipeline().to_outputs("report").from_inputs("tasks"), ["quality_report"])
    _, part = project.runs()
    assert "-quality_report" in (part.info.run_name or "")
    assert [given.dataset.name for given in _inputs(part)] == ["tasks"]
    assert "rebuild/tasks.parquet" in project.files(part)
    assert "prompt.row_prompt" not in part.data.tags


@pytest.mark.whole_run
def test_metrics_that_are_only_read_are_another_runs(project: Project, hook: MlflowTracking) -> None:
    project.run(hook, small_pipeline())
    project.run(hook, reading_pipeline(), ["export"])
    assert project.runs()[1].data.metrics == {}


def test_a_failed_pipeline_is_failed_with_its_reason(
    project: Project, hook: MlflowTracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-real-one")
    project.parameters(fail="sk-a-real-one")
    with pytest.raises(ValueError, match="No luck"):
        project.run(hook, small_pipeline())
    (run,) = project.runs()
    assert run.info.status == "FAILED"
    assert run.data.tags["reason"] == "No luck with ***"
    assert run.data.params["fail"] == "***"
    assert run.data.tags["sha256.tasks"]
    files = project.files(run)
    assert "rebuild/tasks.parquet" in files
    assert "report.html" not in files
    assert not [name for name, content in files.items() if b"sk-a-real-one" in content]


def test_a_complaint_makes_a_finished_run_a_failure(project: Project) -> None:
    project.run(MlflowTracking(RunNotes(complaint="0.5 of 200")), small_pipeline())
    (run,) = project.runs()
    assert (run.info.status, run.data.tags["reason"]) == ("FAILED", "0.5 of 200")
    assert run.data.metrics["rows/planned"] == 200


@pytest.mark.whole_run
def test_a_run_left_open_is_killed_by_the_next_start(project: Project, hook: MlflowTracking) -> None:
    project.parameters(fail="interrupt")
    with pytest.raises(KeyboardInterrupt):
        project.run(hook, small_pipeline())
    assert project.runs()[0].info.status == "RUNNING"
    project.parameters()
    project.run(hook, small_pipeline())
    first, second = project.runs()
    assert (first.info.status, second.info.status) == ("KILLED", "FINISHED")
    assert first.data.tags["reason"] == "the process ended before the pipeline did"
    assert first.data.tags["sha256.tasks"]


@pytest.mark.parametrize(
    "uri", ["sqlite:////proc/none/mlflow.db", "file:///tmp/mlruns", "nonsense://store", "http://127.0.0.1:9"]
)
def test_a_store_that_fails_costs_one_warning(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    uri: str,
) -> None:
    hook = MlflowTracking()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with caplog.at_level(logging.WARNING):
        project.run(hook, small_pipeline())
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warning.startswith(f"MLflow did not record this run in {uri}: ")
    assert "Next: " in warning
    assert "\n" not in warning
    assert hook.run_id is None
    assert pd.read_parquet(project.path / "data/tasks.parquet").shape == (3, 2)


@pytest.mark.whole_run
def test_a_step_that_fails_takes_no_other_with_it(
    project: Project, hook: MlflowTracking, caplog: pytest.LogCaptureFixture
) -> None:
    (project.path / "data/prompts/row.yml").write_text("messages: [")
    with pytest.raises(DatasetError):
        project.run(hook, small_pipeline())
    (project.path / "data/prompts/row.yml").write_text(PROMPT)
    catalog = project.path / "conf/base/catalog.yml"
    catalog.write_text(catalog.read_text().replace("artifact: ''", "artifact: ../up"))
    with caplog.at_level(logging.WARNING):
        project.run(hook, small_pipeline())
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warning.startswith("MLflow did not record the file of 'report' in mlflow.db: ")
    failed, finished = project.runs()
    assert (failed.info.status, finished.info.status) == ("FAILED", "FINISHED")
    assert "rebuild/tasks.parquet" in project.files(finished)


def test_a_mark_that_means_nothing_is_named(
    project: Project, hook: MlflowTracking, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = project.path / "conf/base/catalog.yml"
    catalog.write_text(catalog.read_text().replace("metrics: true", "metric: true"))
    with caplog.at_level(logging.WARNING):
        project.run(hook, small_pipeline())
    assert "Dataset 'metrics': metadata.mlflow.metric is unknown; did you mean metrics?" in caplog.text
    assert project.runs()[0].data.metrics == {}
