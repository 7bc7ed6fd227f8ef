"""How long `kedro run --pipelines quality_report` takes on many rows, node by node, and how much memory."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import yaml

from benchmarks.figures import Figure, Report, Target
from benchmarks.process_tree import POLL_S, Sample, watched
from benchmarks.processes import BenchmarkError, Options, run_module
from benchmarks.revisions import OURS, in_turn, refuse_other_results

_ROWS = 100_000
_ALLOWED_S = {100_000: 40.0, 1_000_000: 300.0}
_ALLOWED_GB = 6.0
_LONG_S = 0.5  # nodes below it are not shown
_STAGE = "quality_report"
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


class Run(NamedTuple):
    """A run of the pipeline: its stages, and the folder with its results."""

    stages: Sequence[Stage]
    results: Path

    @property
    def seconds(self) -> float:
        """All of the run."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all its processes."""
        return sum(stage.cpu_s for stage in self.stages)

    @property
    def peak_gb(self) -> float:
        """The highest resident memory of all its processes together."""
        return max(stage.peak_gb for stage in self.stages)


def report(options: Options) -> Report:
    """Makes the tables of a finished generation, and has them checked and reported in a copy of the project.

    With `--against` also by an earlier commit, which must come to the same tables and metrics.
    """
    rows = options.rows or _ROWS
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "data"
        run_module("benchmarks.clients.report_rows", made, rows)
        runs = in_turn(partial(_run, Path(folder), made), options.against, options.repeat or 1)
        compared = [refuse_other_results(ours.results, each.results) for ours, each in _pairs(runs)]
    figures = [figure for name, found in runs.items() for figure in _figures(name, found, rows)]
    for ours, name in ((runs[OURS], name) for name in runs if name != OURS):
        figures += [
            Figure(f"ours / {name}: {what}", [part(a) / part(b) for a, b in zip(ours, runs[name], strict=True)])
            for what, part in _COMPARED.items()
        ]
    same = f"; {compared[0]} tables and files with the same values" if compared else ""
    return Report(f"report: `quality_report` on {rows} rows of some 300 characters, all cores{same}", figures)


_COMPARED: dict[str, Callable[[Run], float]] = {
    "seconds": lambda run: run.seconds,
    "CPU seconds": lambda run: run.cpu_s,
    "peak memory": lambda run: run.peak_gb,
}


def _pairs(runs: Mapping[str, Sequence[Run]]) -> Iterator[tuple[Run, Run]]:
    for name in runs.keys() - {OURS}:
        yield from zip(runs[OURS], runs[name], strict=True)


def _figures(name: str, runs: Sequence[Run], rows: int) -> Iterator[Figure]:
    seconds = _ALLOWED_S.get(rows)
    is_ours = name == OURS
    target = Target("<=", seconds) if seconds and is_ours else None
    yield Figure(f"{name}: seconds", [run.seconds for run in runs], target)
    yield Figure(f"{name}: CPU seconds", [run.cpu_s for run in runs])
    yield Figure(
        f"{name}: peak memory, GB", [run.peak_gb for run in runs], Target("<=", _ALLOWED_GB) if is_ours else None
    )
    for place, (node, *_) in enumerate(runs[0].stages):
        own = [run.stages[place] for run in runs]
        if max(stage.seconds for stage in own) >= _LONG_S:
            yield Figure(f"{name}, {node}: seconds", [stage.seconds for stage in own])
            yield Figure(f"{name}, {node}: CPU seconds", [stage.cpu_s for stage in own])
            yield Figure(f"{name}, {node}: peak memory, GB", [stage.peak_gb for stage in own])


def _run(folder: Path, made: Path, root: Path) -> Run:
    """Runs the pipeline of a checkout once, on the made tables."""
    from tests.support.project import KEDRO, Project, environment, python_path  # loads MLflow

    own = Path(tempfile.mkdtemp(dir=folder))
    project = Project(own, root)
    shutil.copytree(made, own / "data", dirs_exist_ok=True)
    project.path("conf/logging.yml").write_text(yaml.safe_dump(_LOGGING), encoding="utf-8")
    begun = time.time()
    running = subprocess.Popen(  # noqa: S603  our own command
        [KEDRO, "run", "--pipelines", _STAGE, "--params", "quality_report.min_yield=0"],
        cwd=own,
        env=environment(TEXTCAT_TRACKING="off", PYTHONPATH=python_path(root)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with watched(running) as samples:
        output, _ = running.communicate()
    if running.returncode:
        raise BenchmarkError(f"kedro run ended with {running.returncode}:\n{output[-4000:]}")
    for name in ("01_raw", "02_intermediate", "03_primary", "04_feature"):  # what was made, and not found out
        shutil.rmtree(own / "data" / name)
    found = Run(list(_stages(output, begun, samples)), own / "data")
    print(f"  quality_report, {found.seconds:.1f} s, {found.cpu_s:.1f} CPU s", file=sys.stderr, flush=True)
    return found


def _stages(output: str, begun: float, samples: list[Sample]) -> Iterator[Stage]:
    used = 0.0
    for line in output.splitlines():
        moment, _, message = line.partition(" ")
        if message.startswith(_DONE):
            end = float(moment)
            within = [sample for sample in samples if begun - POLL_S <= sample.at <= end + POLL_S]
            so_far = max((sample.cpu_s for sample in within), default=used)
            peak = max((sample.gb for sample in within), default=0.0)
            yield Stage(
                message.removeprefix(_DONE).split(":")[0].strip().rpartition(".")[2],
                end - begun,
                so_far - used,
                peak,
            )
            begun, used = end, so_far
