"""How long `kedro run --pipelines quality_report` takes on many rows, node by node, and how much memory."""

import os
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
        cpu_s: CPU seconds of the process and its children.
        peak_gb: Resident memory of the process and its children, together, at its highest.
    """

    name: str
    seconds: float
    cpu_s: float
    peak_gb: float


class Sample(NamedTuple):
    """What the process and its children used at a moment: CPU seconds so far, resident memory."""

    at: float
    cpu_s: float
    gb: float


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
        Figure("all: CPU seconds", [sum(stage.cpu_s for stage in run) for run in runs]),
        Figure("all: peak memory, GB", peaks, Target("<=", _ALLOWED_GB)),
    ]
    for place, (name, *_) in enumerate(runs[0]):
        if max(run[place].seconds for run in runs) >= _LONG_S:
            figures.append(Figure(f"{name}: seconds", [run[place].seconds for run in runs]))
            figures.append(Figure(f"{name}: CPU seconds", [run[place].cpu_s for run in runs]))
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
    samples: list[Sample] = []
    watching = threading.Thread(target=_watch, args=(running, samples))
    watching.start()
    output, _ = running.communicate()
    watching.join()
    if running.returncode:
        raise BenchmarkError(f"kedro run ended with {running.returncode}:\n{output[-4000:]}")
    found = list(_stages(output, begun, samples))
    print(f"  quality_report, {rows} rows: {sum(x.seconds for x in found):.1f} s", file=sys.stderr, flush=True)
    return found


def _stages(output: str, begun: float, samples: list[Sample]) -> Iterator[Stage]:
    used = 0.0
    for line in output.splitlines():
        moment, _, message = line.partition(" ")
        if message.startswith(_DONE):
            end = float(moment)
            within = [sample for sample in samples if begun - _POLL_S <= sample.at <= end + _POLL_S]
            so_far = max((sample.cpu_s for sample in within), default=used)
            peak = max((sample.gb for sample in within), default=0.0)
            yield Stage(message.removeprefix(_DONE).split(":")[0].strip(), end - begun, so_far - used, peak)
            begun, used = end, so_far


def _watch(process: "subprocess.Popen[str]", samples: list[Sample]) -> None:
    while process.poll() is None:
        tree = _tree(process.pid)
        samples.append(Sample(time.time(), sum(map(_cpu_s, tree)), sum(map(_resident_gb, tree))))
        time.sleep(_POLL_S)


def _tree(root: int) -> set[int]:
    """The process and its children's children, as Linux tells; elsewhere nothing."""
    parents = dict(filter(None, map(_parent, Path("/proc").glob("[0-9]*/stat"))))
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parent(stat: Path) -> tuple[int, int] | None:
    fields = _fields(stat)
    return (int(stat.parent.name), int(fields[1])) if fields else None


def _cpu_s(process: int) -> float:
    """Its own, and that of its children which have ended."""
    ticks = map(int, _fields(Path(f"/proc/{process}/stat"))[11:15])
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def _resident_gb(process: int) -> float:
    pages = _fields(Path(f"/proc/{process}/stat"))[21:22]
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE") / 1e9


def _fields(stat: Path) -> list[str]:
    """What comes after the name; nothing if the process has ended meanwhile."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
