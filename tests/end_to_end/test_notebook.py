"""The project in a notebook: several runs in one kernel, whose event loop is running as it is in Jupyter."""

import json
import subprocess
import sys

import pytest

from tests.support.project import TRACKED, Project, environment
from tests.support.server import FaultServer

_KERNEL = """
import asyncio, json, sys
from IPython.core.interactiveshell import InteractiveShell

async def kernel(cells):
    shell = InteractiveShell.instance()
    for cell in cells:
        result = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell))
        print("cell", "went well" if result.success else "failed", flush=True)

asyncio.new_event_loop().run_until_complete(kernel(json.loads(sys.argv[1])))  # `run` would take the signals, too
"""
_LOAD = "%load_ext kedro.ipython"
_RUN = "session.run(pipeline_names=['generate'])"
_SHOW = "print('rows', len(catalog.load('examples')))"
_INTERRUPTED_RUN = f"""
import os, pathlib, signal, threading, time
journal = pathlib.Path("data/03_primary/completions.jsonl")
def stop_button():
    while not (journal.exists() and journal.stat().st_size):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=stop_button).start()
{_RUN}
"""


def _outcomes(project: Project, *cells: str, **env: str) -> tuple[list[str], str]:
    """Runs the cells, past those that fail; how each ended, and all that was shown."""
    done = subprocess.run(
        [sys.executable, "-c", _KERNEL, json.dumps(cells)],
        cwd=project.folder,
        env=environment(IPYTHONDIR=str(project.folder / ".ipython"), **{**TRACKED, **env}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    shown = done.stdout + done.stderr
    assert done.returncode == 0, shown
    return [line.removeprefix("cell ") for line in done.stdout.splitlines() if line.startswith("cell ")], shown


@pytest.mark.slow
def test_two_runs_in_one_kernel(project: Project) -> None:
    outcomes, shown = _outcomes(project, _LOAD, _RUN, _SHOW, "%reload_kedro", _RUN, _SHOW)

    assert outcomes == ["went well"] * 6, shown
    assert shown.count("rows 200") == 2
    assert "calls     200" in shown
    assert "calls     0: the journal has all the answers" in shown
    runs = project.mlflow_runs()
    assert [(run.info.status, run.data.metrics["calls/this_run"]) for run in runs] == [
        ("FINISHED", 0),
        ("FINISHED", 200),
    ]
    assert len(project.journal()) == 200


@pytest.mark.slow
def test_after_the_stop_button_the_next_run_goes_on(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(latency_ms=50)
    reload_slow = "%reload_kedro --env openai --params=generation.max_concurrency=4"
    reload_fast = "%reload_kedro --env openai --params=generation.max_concurrency=32"

    outcomes, shown = _outcomes(project, _LOAD, reload_slow, _INTERRUPTED_RUN, reload_fast, _RUN, _SHOW, **openai_env)

    assert outcomes == [*["went well"] * 2, "failed", *["went well"] * 3], shown
    assert "KeyboardInterrupt" in shown
    assert "rows 200" in shown
    asked = [line["request_id"] for line in project.journal()]
    assert len(asked) == len(set(asked)) == 200
    assert project.mlflow_runs()[0].info.status == "FINISHED"


@pytest.mark.slow
def test_kedros_thread_runner_accounts_for_each_row(project: Project) -> None:
    project.generate("--runner", "ThreadRunner", **TRACKED)

    ledger = project.ledger()
    assert ledger == {"planned": 200, "accepted": 200, "rejected": {}, "failed": {}, "not_run": 0, "surplus": 0}
    assert project.counts() == {"requests": 200, "examples": 200, "rejected": 0, "failed": 0}
    [run] = project.mlflow_runs()
    assert run.info.status == "FINISHED"
