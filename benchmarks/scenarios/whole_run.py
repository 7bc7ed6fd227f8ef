"""Rows per second on the wire of a whole `kedro run` with MLflow, without MLflow, and of the plain SDK."""

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.machine import CLIENT_CORE, pinned
from benchmarks.process_tree import watched
from benchmarks.processes import ROOT, BenchmarkError, Options, ask, openai_environment, serving
from benchmarks.revisions import checked_out
from benchmarks.scenarios.calls import OPENAI
from tests.support.server import FaultServer

_ROWS, _IN_FLIGHT, _REPEAT = 2000, 64, 3
_TARGETS = {2000: 1.6, 8000: 1.7}
_TRACKED, _UNTRACKED = "ours, MLflow on", "ours, MLflow off"


class Run(NamedTuple):
    """One run, as the server saw it.

    Attributes:
        rows_per_s: Requests per second, from the first to the last.
        first_s: Seconds from the command to the first request; 0 for the SDK, which plans beforehand.
        calls_cpu_ms: CPU milliseconds per row of the process and its children in that time: on a busy machine, ratios
            of it say more than those of the rates.
        cpu_s: CPU seconds of the whole run; 0 for the SDK, likewise.
    """

    rows_per_s: float
    calls_cpu_ms: float
    first_s: float = 0.0
    cpu_s: float = 0.0


def whole_run(options: Options) -> Report:
    """Runs `generate` in a new copy of the project, in turn with the SDK; the server answers at once.

    With `--against` also an earlier commit, with MLflow.
    """
    rows = options.rows or _ROWS
    if options.against is None:
        return _report(rows, options, None, ROOT)
    with checked_out(options.against) as earlier:
        return _report(rows, options, options.against, earlier)


def _report(rows: int, options: Options, against: str | None, earlier: Path) -> Report:
    with serving() as server:
        clients: dict[str, Callable[[], Run]] = {
            _TRACKED: partial(_kedro_run, server, rows, "on", ROOT),
            OPENAI.name: partial(_sdk_run, server, rows),
            _UNTRACKED: partial(_kedro_run, server, rows, "off", ROOT),
        }
        if against is not None:
            clients[against] = partial(_kedro_run, server, rows, "on", earlier)
        runs: dict[str, list[Run]] = {name: [] for name in clients}
        for _ in range(options.repeat or _REPEAT):
            for name, run in clients.items():
                runs[name].append(run())
                print(f"  {name}: {runs[name][-1].rows_per_s:.0f} rows/s", file=sys.stderr, flush=True)
    return Report(f"whole_run: 0 ms, {_IN_FLIGHT} in flight, {rows} rows, all good", _figures(runs, rows))


def _figures(runs: dict[str, list[Run]], rows: int) -> list[Figure]:
    rates = {name: [run.rows_per_s for run in found] for name, found in runs.items()}
    floor = Target(">=", _TARGETS[rows]) if rows in _TARGETS else None
    cpu = {name: [run.calls_cpu_ms for run in found] for name, found in runs.items()}
    figures = [Figure(f"{name}: rows/s on the wire", values) for name, values in rates.items()]
    figures += [Figure(f"{name}: CPU ms/row meanwhile", values) for name, values in cpu.items()]
    for name in (name for name in runs if name != OPENAI.name):
        ratio = pairwise_ratio(rates[name], rates[OPENAI.name])
        figures.append(Figure(f"rows/s, {name} / openai", ratio, floor if name == _TRACKED else None))
        figures.append(Figure(f"CPU a row, openai / {name}", pairwise_ratio(cpu[OPENAI.name], cpu[name])))
        figures.append(Figure(f"{name}: seconds to the first request", [run.first_s for run in runs[name]]))
        figures.append(Figure(f"{name}: CPU seconds of the whole run", [run.cpu_s for run in runs[name]]))
    return figures


def _sdk_run(server: FaultServer, rows: int) -> Run:
    sample = ask(server, OPENAI, rows, _IN_FLIGHT)
    return Run(_rate(sample.server, rows), 1000 * sample.client["cpu_s"] / rows)


def _kedro_run(server: FaultServer, rows: int, tracking: str, root: Path) -> Run:
    from tests.support.project import Project, python_path  # loads what the other scenarios should not wait for

    server.reset()
    parameters = f"attribute_sampling.num_examples={rows},generation.max_concurrency={_IN_FLIGHT}"
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), root)
        began = time.monotonic()
        with pinned(CLIENT_CORE):
            running = project.start(
                *("--pipelines", "generate", "--env", "openai", "--params", parameters),
                **openai_environment(server.url),
                TEXTCAT_TRACKING=tracking,
                PYTHONPATH=python_path(root),
            )
        with watched(running) as samples:
            output, _ = running.communicate()
    if running.returncode:
        raise BenchmarkError(f"kedro run ended with {running.returncode}:\n{output[-4000:]}")
    seen = server.stats()
    rate, ahead_s = _rate(seen, rows), time.time() - time.monotonic()
    times, used = [sample.at - ahead_s for sample in samples], [sample.cpu_s for sample in samples]
    first, last = min(seen["arrivals_s"]), max(seen["arrivals_s"])
    before, after = np.interp([first, last], times, used)
    return Run(rate, 1000 * float(after - before) / rows, first - began, max(used))


def _rate(seen: dict[str, list[float]], rows: int) -> float:
    arrivals = seen["arrivals_s"]
    if len(arrivals) != rows:
        raise BenchmarkError(f"the server got {len(arrivals)} requests for {rows} rows")
    return (rows - 1) / (max(arrivals) - min(arrivals))
