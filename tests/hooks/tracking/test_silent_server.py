"""An MLflow server that does not answer costs a run a bounded time and one line."""

import logging
import os
import re
import time
from pathlib import Path

import pytest

from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.hooks.tracking import MlflowTracking
from synthetic_textcat.hooks.tracking.run_artifacts import load_earlier_run
from tests.hooks.tracking.pipelines import small_pipeline
from tests.hooks.tracking.project import Project, make_project
from tests.hooks.tracking.silent_server import silent_server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path / "project", with_store=False)
    made.parameters(tracking={"max_wait_seconds": 2})
    monkeypatch.chdir(made.path)
    return made


@pytest.mark.whole_run  # it waits for seconds
@pytest.mark.parametrize("drips", [False, True])
def test_a_run_waits_so_long_and_says_so_once(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, drips: bool
) -> None:
    with silent_server(drips=drips) as address, caplog.at_level(logging.WARNING):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        began = time.monotonic()
        project.run(MlflowTracking(), small_pipeline())
        lasted_s = time.monotonic() - began

    (line,) = caplog.messages
    assert line.startswith(f"MLflow did not record this run in {address}: it did not answer in time (")
    assert lasted_s < 12  # on a busy machine; MLflow's own timeouts and retries take 36
    assert (project.path / "data" / "tasks.parquet").exists()


@pytest.mark.whole_run
def test_the_process_ends_with_the_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(Path(__file__).parents[3])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))))
    monkeypatch.setenv("COLUMNS", "1000")
    with silent_server() as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address.replace("//", "//me:secret-word@"))
        process = project.kedro("run")
        shown, _ = process.communicate(timeout=60)
    ended = time.time()

    assert process.returncode == 0, shown
    assert shown.count("MLflow did not record") == 1
    assert "secret-word" not in shown
    assert not re.search(r"Traceback|urllib3|Retry", shown), shown
    assert ended - (project.path / "data" / "report.html").stat().st_mtime < 20


def test_reading_an_earlier_run_ends_in_one_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with silent_server() as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(EarlierRunError) as caught:
            load_earlier_run(project.path, "some-run")

    line = str(caught.value)
    assert line.startswith(f"from_run=some-run: {address} can't be read (")
    assert "Next: check that MLflow's server runs there" in line
    assert "\n" not in line
