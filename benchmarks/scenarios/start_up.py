"""From the command to the first request."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Report, Target
from benchmarks.machine import CLIENT_CORE, pinned
from benchmarks.processes import BenchmarkError, Options, openai_environment, serving
from tests.support.server import FaultServer

if TYPE_CHECKING:
    from tests.support.project import Project

_REPEAT = 3
_ROWS = 20
_POLL_S = 0.02
_TOO_LONG_S = 120.0


def start_up(options: Options) -> Report:
    """Times `kedro run` in a copy of the project that has run before, tracking and all, with more rows each time."""
    from tests.support.project import Project  # loads MLflow, which the other scenarios should not wait for

    rows = options.rows or _ROWS
    with serving() as server, tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        seconds = [_to_first_request(project, server, rows * run) for run in range(1, 2 + (options.repeat or _REPEAT))]
    figures = [
        Figure("first run of all, seconds", seconds[:1]),
        Figure("later runs, seconds", seconds[1:], Target("<=", 4)),
    ]
    return Report("start_up: from `kedro run` to the first request", figures)


def _to_first_request(project: "Project", server: FaultServer, rows: int) -> float:
    """Runs the project to its end; the seconds until the server was first asked, to within one poll."""
    server.reset()
    arguments = ("--pipelines", "generate", "--env", "openai", "--params", f"attribute_sampling.num_examples={rows}")
    begun = time.perf_counter()
    with pinned(CLIENT_CORE):
        process = project.start(*arguments, **openai_environment(server.url), TEXTCAT_TRACKING="on")
    while not server.stats()["requests"] and process.poll() is None:
        time.sleep(_POLL_S)
    seconds = time.perf_counter() - begun
    output = _end(process)
    if process.returncode or not server.stats()["requests"]:
        raise BenchmarkError(f"kedro run ended with {process.returncode}:\n{output[-4000:]}")
    print(f"  kedro run, {rows} rows: {seconds:.2f} s to the first request", file=sys.stderr, flush=True)
    return seconds


def _end(process: "subprocess.Popen[str]") -> str:
    try:
        return process.communicate(timeout=_TOO_LONG_S)[0]
    finally:
        process.kill()
