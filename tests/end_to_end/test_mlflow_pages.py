"""What a user finds in MLflow: of a run that goes on, of one that was stopped, and of `make mlflow`."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.support.project import TRACKED, Project, end, environment
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
    assert {trace.info.tags["outcome"] for trace in traces} <= {"usable", "invalid_json"}

    assert run.inputs is not None
    contexts = {given.dataset.name: given.tags[0].value for given in run.inputs.dataset_inputs}
    assert contexts == {"tasks": "tasks", "requests": "plan", "examples": "training"}
    linked = json.loads(run.data.tags["mlflow.linkedPrompts"])
    assert "synthetic-textcat.closed_prompt" in {prompt["name"] for prompt in linked}
    assert " of 300 planned rows accepted**" in run.data.tags["mlflow.note.content"]

    tags = client.get_experiment(run.info.experiment_id).tags
    views = [json.loads(json.loads(tag)["state"]) for name, tag in tags.items() if "sharedViewState" in name]
    shown = {name for view in views for name in re.findall(r"metrics\.`(.+?)`", " ".join(view["selectedColumns"]))}
    shown |= {chart["metricKey"] for view in views for chart in view.get("compareRunCharts", [])}
    assert len(views) == 2
    assert shown <= run.data.metrics.keys()


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
def test_make_mlflow_prints_addresses_that_answer_and_ends_with_its_server(project: Project) -> None:
    port = _free_port()
    command = [sys.executable, "-m", "synthetic_textcat.hooks.tracking.browse", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=project.folder, env=environment(), stdout=subprocess.PIPE, text=True
    ) as browsing:
        assert browsing.stdout is not None
        pages: dict[str, str] = {}
        while len(pages) < 2 and (line := browsing.stdout.readline()):
            pages |= dict(re.findall(r"^(runs|charts) +(\S+)$", line))
        taken = subprocess.run(
            command, cwd=project.folder, env=environment(), capture_output=True, text=True, check=False
        )
        assert taken.returncode == 1
        assert f"--port {port + 1}" in taken.stderr
        with urllib.request.urlopen(pages["runs"].partition("#")[0], timeout=60) as answer:
            assert b"MLflow" in answer.read()
        browsing.send_signal(signal.SIGINT)
        assert browsing.wait(timeout=60) == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(pages["charts"].partition("#")[0], timeout=5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
