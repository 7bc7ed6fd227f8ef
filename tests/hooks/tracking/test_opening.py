"""Runs that a kill left RUNNING, and those that do run."""

import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from synthetic_textcat.hooks.tracking import MlflowTracking
from tests.hooks.tracking.pipelines import small_pipeline
from tests.hooks.tracking.project import Project, make_project


@pytest.mark.slow
def test_the_next_run_sweeps_a_killed_one_and_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    project = make_project(tmp_path / "project")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.chdir(project.path)
    with ExitStack() as stack:
        killed, running = (stack.enter_context(_waiting(project)) for _ in range(2))
        stack.callback(running.kill)
        stack.callback(killed.kill)
        _wait_for_runs(project, 2)
        [experiment] = {run.info.experiment_id for run in project.runs()}
        unknown = project.client().create_run(experiment, run_name="of an older version").info.run_id
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        process = f":{killed.pid}"

        project.run(MlflowTracking(), small_pipeline())

        by_process = {run.data.tags.get("process", run.info.run_id): run for run in project.runs()}
        [dead] = [run for name, run in by_process.items() if name.endswith(process)]
        assert dead.info.status == "KILLED"
        assert "killed" in dead.data.tags["reason"]
        assert by_process[unknown].info.status == "RUNNING"
        statuses = [run.info.status for run in project.runs()]
        assert sorted(statuses) == ["FINISHED", "KILLED", "RUNNING", "RUNNING"]
        assert len(list((project.path / ".mlflow-running").iterdir())) == 1  # of the one that runs


def _waiting(project: Project) -> "subprocess.Popen[str]":
    return project.kedro("run", "--params", "fail=wait")


def _wait_for_runs(project: Project, number: int) -> None:
    end = time.monotonic() + 60
    folder = project.path / ".mlflow-running"
    while not (folder.exists() and len(list(folder.iterdir())) == number and len(project.runs()) == number):
        assert time.monotonic() < end
        time.sleep(0.2)
