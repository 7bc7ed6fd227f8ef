"""A context reads the folder of the earlier run, and differences of model, environment, code and packages are named."""

import importlib.metadata
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.framework.context import KedroContext
from kedro.framework.hooks.manager import _create_hook_manager

from synthetic_textcat import settings
from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.hooks import Rebuild, RunNotes
from synthetic_textcat.hooks.rebuild import differences
from synthetic_textcat.hooks.tracking.run_artifacts import EarlierRun
from tests.hooks.tracking.project import make_project
from tests.support.project import Project

_MODEL = {"llm": {"model": "a"}}


def _run(folder: Path, constraints: str, **tags: str) -> EarlierRun:
    (folder / "constraints.txt").write_text(constraints, encoding="utf-8")
    named = {name.replace("__", "."): value for name, value in tags.items()}
    return EarlierRun(run_id="0", name="before", status="FINISHED", tags={"env": "local", **named}, folder=folder)


def test_a_run_under_the_same_versions_differs_in_nothing(tmp_path: Path) -> None:
    pandas = importlib.metadata.version("pandas")
    run = _run(tmp_path, f"pandas=={pandas}\nno-such-package==1.0\n", mlflow__source__git__commit="abcdef0123")

    assert list(differences(run, _MODEL, _MODEL, {"env": "local"})) == []


def test_each_difference_is_told_then_and_now(tmp_path: Path) -> None:
    constraints = "pandas==0.1\nnumpy==0.1 ; python_version < '3'\nkedro==1.0\n# a comment\n-e .\npydantic>=1\n"
    run = _run(tmp_path, constraints, version__kedro="0.2", mlflow__source__git__commit="a" * 40)
    now = {"env": "openai", "mlflow.source.git.commit": "b" * 40}

    said = list(differences(run, _MODEL, {"llm": {"model": "b"}}, now))

    assert said[:3] == ["model a (now b)", "--env local (now openai)", "code aaaaaaa (now bbbbbbb)"]
    assert [each.partition(" (now")[0] for each in said[3:]] == ["kedro 0.2", "pandas 0.1"]


def test_of_many_packages_only_some_are_named(tmp_path: Path) -> None:
    names = ("click", "kedro", "mlflow", "numpy", "pandas", "pydantic", "rich")
    run = _run(tmp_path, "".join(f"{name}==0.0.1\n" for name in names))

    said = list(differences(run, _MODEL, _MODEL, {"env": "local"}))

    assert len(said) == 6
    assert said[-1] == "2 more packages"


def _context(project: Project, conf: Path, **parameters: Any) -> KedroContext:
    """A context as every session creates it: that of `kedro run`, of `session.run`, and of `kedro catalog`."""
    arguments: dict[str, Any] = settings.CONFIG_LOADER_ARGS
    loader = settings.CONFIG_LOADER_CLASS(str(conf), runtime_params=parameters, **arguments)
    return KedroContext(project.folder, loader, None, "synthetic_textcat", _create_hook_manager())


def _earlier_run(project: Project, tmp_path: Path, **blocks: Any) -> str:
    """A run in MLflow with its parameters and tasks, and no prompt; gives back its id."""
    shutil.copy(make_project(tmp_path / "store").path / "mlflow.db", project.folder)
    client = project.mlflow_client()
    experiment = client.create_experiment("synthetic-textcat", project.path("mlartifacts").as_uri())
    run_id: str = client.create_run(experiment, run_name="before", tags={"env": "local"}).info.run_id
    parameters = yaml.safe_load(project.path("conf/base/parameters.yml").read_text(encoding="utf-8"))
    client.log_text(run_id, yaml.safe_dump(parameters | blocks), "rebuild/parameters.yml")
    client.log_text(run_id, "tasks", "rebuild/tasks.parquet")
    return run_id


@pytest.mark.whole_run
def test_a_context_reads_the_folder_and_the_folder_needs_no_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    caplog.set_level("INFO", "synthetic_textcat")
    project = Project(tmp_path / "project")
    run_id = _earlier_run(project, tmp_path, seed=7)
    folder = project.path(f"data/02_intermediate/from_run/{run_id}/conf")
    notes = RunNotes()
    plain = _context(project, project.path("conf"))
    Rebuild(notes).after_context_created(plain)
    assert plain.config_loader.conf_source == str(project.path("conf"))
    assert notes == RunNotes()

    first = _context(project, project.path("conf"), from_run="before", llm={"temperature": 0.5})
    Rebuild(notes).after_context_created(first)
    project.path("mlflow.db").unlink()
    later = _context(project, folder)
    Rebuild(again := RunNotes()).after_context_created(later)

    assert notes.rebuilt_from == again.rebuilt_from == run_id
    assert f"TEXTCAT_CONF_SOURCE={folder} kedro catalog resolve-patterns" in caplog.text
    assert caplog.text.count("TEXTCAT_CONF_SOURCE") == 1
    for context, temperature in ((first, 0.5), (later, 1.0)):
        assert context.config_loader["parameters"]["seed"] == 7
        assert context.config_loader["parameters"]["llm"]["temperature"] == temperature
        assert str(context.catalog["tasks_file"]._filepath) == f"{folder.parent}/rebuild/tasks.parquet"
    assert yaml.safe_load(project.path("conf/base/parameters.yml").read_text(encoding="utf-8"))["seed"] == 42


def test_parameters_that_are_unknown_today_are_refused_before_a_folder_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    project = Project(tmp_path / "project")
    run_id = _earlier_run(project, tmp_path, gone={"a": 1})

    with pytest.raises(EarlierRunError, match="does not take: Unknown parameter gone"):
        Rebuild(RunNotes()).after_context_created(_context(project, project.path("conf"), from_run=run_id))
    assert not project.path("data/02_intermediate").exists()
