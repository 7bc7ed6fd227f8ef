"""What a user finds in MLflow: of a run that goes on, of one that was stopped, and of `make mlflow`."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.support.project import ROOT, TRACKED, Project, end, environment
from tests.support.server import FaultServer

_SIZE = "attribute_sampling.num_examples=300,generation.max_concurrency=8"
_VENV = Path(sys.executable).parents[1]
_MAKE_MLFLOW = ("make", "--no-print-directory", "-o", f"{_VENV}/.ready", "mlflow", f"VENV={_VENV}")
_GENERATE = ("--pipelines", "generate", "--env", "openai", "--params")


@pytest.mark.slow
def test_a_run_leaves_points_traces_lineage_prompts_and_a_description(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=250, broken_json=0.05)
    done = project.run(*_GENERATE, f"{_SIZE},tracking.trace_share=0.1", **openai_env, **TRACKED)
    assert done.returncode == 0, done.stderr
    assert "MLflow did not" not in done.stderr

    (run,) = project.mlflow_runs()
    client = project.mlflow_client()
    points = client.get_metric_history(run.info.run_id, "live/rows_done")
    assert len(points) > 4  # some 10 s of calls
    assert [point.step for point in points] == sorted({int(point.value) for point in points})
    assert points[-1].value == run.data.metrics["rows/planned"] == 300
    assert run.data.metrics["live/usd"] == pytest.approx(run.data.metrics["cost/usd_this_run"])

    traces = client.search_traces(
        locations=[run.info.experiment_id], filter_string=f"attributes.run_id = '{run.info.run_id}'"
    )
    assert 10 <= len(traces) <= 60
    for trace in traces:
        (span,) = trace.data.spans
        assert span.inputs["messages"][0]["role"] == "system"  # each is told: it has the hash of what was sent
        assert trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
        assert openai_env["OPENAI_API_KEY"] not in trace.to_json()
    assert {trace.info.tags["outcome"] for trace in traces} <= {"usable", "invalid_json", "schema_violation"}

    assert run.inputs is not None
    contexts = {given.dataset.name: given.tags[0].value for given in run.inputs.dataset_inputs}
    assert contexts == {"tasks": "tasks", "requests": "plan", "examples": "training"}
    linked = json.loads(run.data.tags["mlflow.linkedPrompts"])
    assert "synthetic-textcat.closed_prompt" in {prompt["name"] for prompt in linked}
    assert " of 300 planned rows accepted**" in run.data.tags["mlflow.note.content"]


@pytest.mark.slow
def test_a_run_that_is_stopped_keeps_its_points(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=400)
    running = project.start(*_GENERATE, _SIZE, **openai_env, **TRACKED)
    project.wait_for_mlflow_run("RUNNING")
    project.wait_for_journal(60)
    end(running, signal.SIGINT)

    (run,) = project.mlflow_runs()
    assert run.info.status == "KILLED"
    assert run.data.metrics["live/rows_done"] == len(project.journal())
    assert run.data.tags["mlflow.note.content"].startswith("**KILLED**: ")


@pytest.mark.slow
def test_make_mlflow_shows_the_runs_of_the_project(project: Project) -> None:
    project.generate("--params", "attribute_sampling.num_examples=20", **TRACKED)
    shutil.copy(ROOT / "Makefile", project.folder)
    port, ready = _free_port(), Path(sys.executable).with_name("python").parents[1] / ".ready"
    command = [
        "make",
        "--no-print-directory",
        "-o",
        str(ready),
        "mlflow",
        f"VENV={ready.parent}",
        f"ARGS=--port {port}",
    ]
    with subprocess.Popen(command, cwd=project.folder, env=environment(), start_new_session=True) as serving:
        try:
            assert b"MLflow" in _page(f"http://127.0.0.1:{port}/", within_s=60)
        finally:
            os.killpg(serving.pid, signal.SIGINT)
            serving.wait(timeout=60)


@pytest.mark.slow
def test_make_mlflow_names_a_server_that_keeps_the_runs(project: Project) -> None:
    shutil.copy(ROOT / "Makefile", project.folder)
    kept = environment(MLFLOW_TRACKING_URI="https://mlflow.example")
    done = subprocess.run(_MAKE_MLFLOW, cwd=project.folder, env=kept, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "The runs are on https://mlflow.example\n")


def _page(address: str, within_s: float) -> bytes:
    end = time.monotonic() + within_s
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return bytes(answer.read())
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.3)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
