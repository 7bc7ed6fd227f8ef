"""A project that is copied or moved: its runs' files are its own, and earlier ones are found."""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from synthetic_textcat.hooks.tracking import MlflowTracking
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls
from synthetic_textcat.hooks.tracking.run_artifacts import load_earlier_run
from synthetic_textcat.hooks.tracking.store import Store
from tests.hooks.tracking.pipelines import small_pipeline
from tests.hooks.tracking.project import PARAMETERS, Project, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """With one run."""
    made = make_project(tmp_path / "größer than one")
    _run(made, monkeypatch)
    return made


def _run(project: Project, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the pipeline there; the run's id."""
    monkeypatch.chdir(project.path)
    hook = MlflowTracking()
    project.run(hook, small_pipeline())
    assert hook.run_id is not None
    return hook.run_id


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.whole_run
def test_a_copy_writes_into_its_own_folder(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (first,) = project.runs()
    copy = Project(tmp_path / "copy")
    shutil.copytree(project.path, copy.path)
    before = _tree(project.path)
    second = _run(copy, monkeypatch)

    assert _tree(project.path) == before
    (line,) = [line for line in caplog.messages if "copied or moved" in line]
    assert line == (
        f"This project was copied or moved from {project.path}: MLflow's files are stored in "
        f"{copy.path / 'mlartifacts'} from now on, which has the files of 1 of 1 earlier runs"
    )
    by_id = {run.info.run_id: run for run in copy.runs()}
    for run_id in (first.info.run_id, second):
        assert "report.html" in copy.files(by_id[run_id])
        assert "report.html" in {item.path for item in copy.client().list_artifacts(run_id)}  # where MLflow looks
        assert str(by_id[run_id].info.artifact_uri).startswith(f"{(copy.path / 'mlartifacts').as_uri()}/")

    caplog.clear()
    _run(copy, monkeypatch)
    _run(project, monkeypatch)
    assert caplog.messages == []


@pytest.mark.whole_run
def test_a_copy_without_the_files_writes_into_its_own_folder_and_reads_the_originals(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = project.runs()
    copy = Project(tmp_path / "copy")
    shutil.copytree(project.path, copy.path, ignore=shutil.ignore_patterns("mlartifacts"))
    before = _tree(project.path)
    second = _run(copy, monkeypatch)

    assert _tree(project.path) == before
    assert (copy.path / "mlartifacts" / second / "artifacts" / "report.html").exists()
    assert load_earlier_run(copy.path, first.info.run_id).parameters()["seed"] == 42


def _record(project: Project) -> str:
    """Records a run with its parameters, without a pipeline; the run's id."""
    store = Store.of(project.path)
    client = store.connect(BoundedCalls())
    run_id: str = client.create_run(store.experiment_id(client)).info.run_id
    client.log_text(run_id, yaml.safe_dump(PARAMETERS), "rebuild/parameters.yml")
    return run_id


def test_a_moved_project_finds_its_earlier_runs(tmp_path: Path) -> None:
    project = make_project(tmp_path / "größer than one")
    run_id = _record(project)
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    project.path.rename(moved)

    assert load_earlier_run(moved, run_id).parameters()["seed"] == 42


@pytest.mark.whole_run
def test_a_run_that_goes_on_in_the_original_is_not_called_killed_in_the_copy(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = MlflowTracking()
    project.parameters(fail="interrupt")
    with pytest.raises(KeyboardInterrupt):
        project.run(hook, small_pipeline())  # as if it went on: it is open, and its lock held
    copy = Project(tmp_path / "copy")
    shutil.copytree(project.path, copy.path)
    copy.parameters()
    _run(copy, monkeypatch)

    assert sorted(run.info.status for run in copy.runs()) == ["FINISHED", "FINISHED", "RUNNING"]
    assert sorted(run.info.status for run in project.runs()) == ["FINISHED", "RUNNING"]
    hook._close_at_exit(os.getpid())  # at the end of this process the folder will be gone


def test_files_that_an_experiment_keeps_on_another_disk_stay_there(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    disk = tmp_path / "disk" / "mlartifacts"
    disk.mkdir(parents=True)
    project.client().create_experiment(Store.of(project.path).experiment, artifact_location=disk.as_uri())
    run_id = _record(project)

    assert (disk / run_id / "artifacts" / "rebuild" / "parameters.yml").exists()
