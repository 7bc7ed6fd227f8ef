"""What a user finds in MLflow: of a run that goes on, of one that was stopped, and of `make mlflow`."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls
from synthetic_textcat.hooks.tracking.store import Store
from tests.support.project import ROOT, TRACKED, Project, end, environment
from tests.support.server import FaultServer

_SIZE = "attribute_sampling.num_examples=300,generation.max_concurrency=8"
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
@pytest.mark.parametrize("uri", ["", "sqlite:///elsewhere.db"])
def test_make_mlflow_serves_the_runs_and_ends_with_its_server(project: Project, uri: str) -> None:
    port = _free_port()
    store = Store(uri or "sqlite:///mlflow.db", "", "kept runs", project.folder, is_default=False)
    with contextlib.chdir(project.folder):
        store.experiment_id(store.connect(BoundedCalls()))
    command = [*_make(project.folder), f"ARGS=--port {port}"]
    with subprocess.Popen(
        command, cwd=project.folder, env=environment(MLFLOW_TRACKING_URI=uri), start_new_session=True
    ) as browsing:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/search",
            json.dumps({"max_results": 10}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            assert b"kept runs" in _answer(request, browsing)
        finally:
            os.killpg(browsing.pid, signal.SIGINT)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(request, timeout=5)


def test_make_mlflow_starts_nothing_where_the_store_is_a_server(project: Project) -> None:
    env = environment(MLFLOW_TRACKING_URI="https://me:secret@mlflow.example")
    done = subprocess.run(
        _make(project.folder), cwd=project.folder, env=env, capture_output=True, text=True, check=True, timeout=60
    )
    assert "MLFLOW_TRACKING_URI is an MLflow server" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def _make(folder: Path) -> list[str]:
    """`make mlflow` with this Python's programs, so that no environment is built."""
    ready = folder / ".ready"
    ready.touch()
    return ["make", "-f", str(ROOT / "Makefile"), "mlflow", f"BIN={Path(sys.executable).parent}", f"READY={ready}"]


def _answer(request: urllib.request.Request, server: "subprocess.Popen[bytes]") -> bytes:
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:
            return bytes(answer.read())
        time.sleep(0.3)
    raise AssertionError("no answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
