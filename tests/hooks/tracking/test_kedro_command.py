"""The real `kedro run`: what a user sees, and what MLflow says of a run that a signal ended."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.hooks.tracking.project import make_project

pytestmark = pytest.mark.whole_run


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(Path(__file__).parents[3])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))))
    monkeypatch.setenv("KEDRO_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-real-one")


def _git(path: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=n", "-c", "user.email=e", *arguments]
    return subprocess.run(command, cwd=path, check=True, capture_output=True, text=True).stdout.strip()


def test_a_first_run_makes_the_store_and_shows_none_of_it(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", with_store=False)
    _git(project.path, "init", "--quiet")
    _git(project.path, "add", "conf", "src", "pyproject.toml")
    _git(project.path, "commit", "--quiet", "--message", "first")
    project.parameters(llm={"model": "gpt-5"})
    process = project.kedro("run", "--params", "attribute_sampling.num_examples=7,note=sk-a-real-one")
    shown, _ = process.communicate(timeout=120)
    assert process.returncode == 0, shown
    assert not re.search(r"mlflow|alembic|Warning", shown, re.IGNORECASE), shown
    (run,) = project.runs()
    assert run.info.status == "FINISHED"
    assert (run.info.run_name or "").endswith("-n7-s42-generate-gpt-5")
    assert run.data.tags["command"].endswith("kedro run --params attribute_sampling.num_examples=7,note=***")
    assert run.data.params["note"] == "***"
    assert run.data.params["attribute_sampling.num_examples"] == "7"  # a typed block
    assert run.data.params["attribute_sampling.language"] == '{"English": 3.0, "Welsh": 1.0}'
    assert run.data.tags["mlflow.source.git.commit"] == _git(project.path, "rev-parse", "HEAD")
    assert run.data.tags["git.dirty"] == "true"
    assert "template_data" not in run.data.tags
    assert "report.html" in project.files(run)


def test_ctrl_c_is_killed_with_what_was_saved(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    process = project.kedro("run", "--params", "fail=wait")
    deadline = time.monotonic() + 120
    while not (project.path / "waiting").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    (running,) = project.runs()
    assert running.info.status == "RUNNING"
    assert "rebuild/parameters.yml" in project.files(running)
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=120)
    assert process.returncode != 0, shown
    (run,) = project.runs()
    assert run.info.status == "KILLED"
    assert run.data.tags["reason"] == "the process ended before the pipeline did"
    assert run.data.tags["plan_sha256"] == "abc123"
    files = project.files(run)
    assert "rebuild/tasks.parquet" in files
    assert "rebuild/prompts/row.yml" in files
    assert "report.html" not in files
    assert run.data.metrics == {}
