"""How long `kedro run --pipelines quality_report` takes on many rows, node by node, and how much memory."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from benchmarks.figures import Figure, Report, Target
from benchmarks.processes import BenchmarkError, Options, run_module

_ROWS = 100_000
_ALLOWED_S = {100_000: 40.0, 1_000_000: 300.0}
_ALLOWED_GB = 6.0
_POLL_S = 0.2
_LONG_S = 0.5  # nodes below it are not shown
_DONE = "Completed node: "
_PAGE = 4096
_LOGGING = {
    "version": 1,
    "formatters": {"timed": {"format": "%(created).3f %(message)s"}},
    "handlers": {"plain": {"class": "logging.StreamHandler", "formatter": "timed", "stream": "ext://sys.stdout"}},
    "loggers": {"kedro": {"level": "INFO"}, "synthetic_textcat": {"level": "INFO"}},
    "root": {"handlers": ["plain"], "level": "WARNING"},
}


class Stage(NamedTuple):
    """A node with the loading of its inputs and the saving of its outputs.

    Attributes:
        name: The node's; `start` is what comes before the first.
        seconds: From the end of the node before.
        peak_gb: Resident memory of the process and its children, together, at its highest.
    """

    name: str
    seconds: float
    peak_gb: float


def report(options: Options) -> Report:
    """Makes the tables of a finished generation in a copy of the project, and has them checked and reported."""
    rows = options.rows or _ROWS
    with tempfile.TemporaryDirectory() as folder:
        runs = [stages(Path(folder) / str(number), rows) for number in range(options.repeat or 1)]
    seconds = [sum(stage.seconds for stage in run) for run in runs]
    peaks = [max(stage.peak_gb for stage in run) for run in runs]
    scale = _ALLOWED_S.get(rows)
    figures = [
        Figure("all: seconds", seconds, Target("<=", scale) if scale else None),
        Figure("all: peak memory, GB", peaks, Target("<=", _ALLOWED_GB)),
    ]
    for place, (name, *_) in enumerate(runs[0]):
        if max(run[place].seconds for run in runs) >= _LONG_S:
            figures.append(Figure(f"{name}: seconds", [run[place].seconds for run in runs]))
            figures.append(Figure(f"{name}: peak memory, GB", [run[place].peak_gb for run in runs]))
    return Report(f"report: `quality_report` on {rows} rows of some 300 characters, all cores", figures)


def stages(folder: Path, rows: int) -> list[Stage]:
    """Makes the rows and runs the pipeline once."""
    from tests.support.project import KEDRO, Project, environment  # loads MLflow

    folder.mkdir()
    project = Project(folder)
    project.path("conf/logging.yml").write_text(yaml.safe_dump(_LOGGING), encoding="utf-8")
    run_module("benchmarks.clients.report_rows", project.path("data"), rows)
    begun = time.time()
    running = subprocess.Popen(  # noqa: S603  our own command
        [KEDRO, "run", "--pipelines", "quality_report", "--params", "quality_report.min_yield=0"],
        cwd=folder,
        env=environment(TEXTCAT_TRACKING="off"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    memory: list[tuple[float, float]] = []
    watching = threading.Thread(target=_watch, args=(running, memory))
    watching.start()
    output, _ = running.communicate()
    watching.join()
    if running.returncode:
        raise BenchmarkError(f"kedro run ended with {running.returncode}:\n{output[-4000:]}")
    found = list(_stages(output, begun, memory))
    print(f"  quality_report, {rows} rows: {sum(x.seconds for x in found):.1f} s", file=sys.stderr, flush=True)
    return found


def _stages(output: str, begun: float, memory: list[tuple[float, float]]) -> Iterator[Stage]:
    for line in output.splitlines():
        moment, _, message = line.partition(" ")
        if message.startswith(_DONE):
            end = float(moment)
            peak = max((gb for at, gb in memory if begun - _POLL_S <= at <= end), default=0.0)
            yield Stage(message.removeprefix(_DONE).split(":")[0].strip(), end - begun, peak)
            begun = end


def _watch(process: "subprocess.Popen[str]", memory: list[tuple[float, float]]) -> None:
    while process.poll() is None:
        memory.append((time.time(), sum(map(_resident_gb, _tree(process.pid)))))
        time.sleep(_POLL_S)


def _tree(root: int) -> set[int]:
    """The process and its children's children, as Linux tells; elsewhere nothing."""
    parents = dict(filter(None, map(_parent, Path("/proc").glob("[0-9]*/stat"))))
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parent(stat: Path) -> tuple[int, int] | None:
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return None
    return int(stat.parent.name), int(fields[1])


def _resident_gb(process: int) -> float:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE / 1e9
    except OSError:
        return 0.0
