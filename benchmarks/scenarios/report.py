"""How long `kedro run --pipelines quality_report` takes on many rows, node by node, and how much memory."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure, Report, Target
from benchmarks.node_usage import RunUsage, measured_run
from benchmarks.processes import Options, run_module
from benchmarks.revisions import OURS, in_turn, refuse_other_results
from synthetic_textcat.hashing import sha256_of

_ROWS = 100_000
_ALLOWED_S = {100_000: 40.0, 1_000_000: 300.0}
_ALLOWED_GB = 6.0
_LONG_S = 0.5  # nodes below it are not shown
_STAGE = "quality_report"


class Run(NamedTuple):
    """A run of the pipeline: what it used, and the folder with its results."""

    usage: RunUsage
    results: Path


def report(options: Options) -> Report:
    """Makes the tables of a finished generation, and has them checked and reported in a copy of the project.

    With `--against` also by an earlier commit, which must come to the same tables and metrics.
    """
    rows = options.rows or _ROWS
    with tempfile.TemporaryDirectory() as folder:
        runs = in_turn(partial(_run, Path(folder), rows), options.against, options.repeat or 1)
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
    "seconds": lambda run: run.usage.seconds,
    "CPU seconds": lambda run: run.usage.cpu_s,
    "peak memory": lambda run: run.usage.peak_gb,
}


def _pairs(runs: Mapping[str, Sequence[Run]]) -> Iterator[tuple[Run, Run]]:
    for name in runs.keys() - {OURS}:
        yield from zip(runs[OURS], runs[name], strict=True)


def _figures(name: str, runs: Sequence[Run], rows: int) -> Iterator[Figure]:
    seconds = _ALLOWED_S.get(rows)
    is_ours, usages = name == OURS, [run.usage for run in runs]
    target = Target("<=", seconds) if seconds and is_ours else None
    yield Figure(f"{name}: seconds", [usage.seconds for usage in usages], target)
    yield Figure(f"{name}: CPU seconds", [usage.cpu_s for usage in usages])
    allowed = Target("<=", _ALLOWED_GB) if is_ours else None
    yield Figure(f"{name}: peak memory, GB", [usage.peak_gb for usage in usages], allowed)
    for place, (node, *_) in enumerate(usages[0].nodes):
        own = [usage.nodes[place] for usage in usages]
        if max(each.seconds for each in own) >= _LONG_S:
            yield Figure(f"{name}, {node}: seconds", [each.seconds for each in own])
            yield Figure(f"{name}, {node}: CPU seconds", [each.cpu_s for each in own])
            yield Figure(f"{name}, {node}: peak memory, GB", [each.peak_gb for each in own])


def _run(folder: Path, rows: int, root: Path) -> Run:
    """Runs the pipeline of a checkout once, on the tables that its own maker makes, in its own columns."""
    from tests.support.project import Project, python_path  # loads MLflow

    made = folder / f"made-{sha256_of(str(root))[:8]}"
    if not made.exists():
        run_module("benchmarks.clients.report_rows", made, rows, root=root)
    own = Path(tempfile.mkdtemp(dir=folder))
    project = Project(own, root)
    shutil.copytree(made, own / "data", dirs_exist_ok=True)
    arguments = ("--pipelines", _STAGE, "--params", "quality_report.min_yield=0")
    usage = measured_run(project, *arguments, PYTHONPATH=python_path(root))
    for name in ("01_raw", "02_intermediate", "03_primary", "04_feature"):  # what was made, and not found out
        shutil.rmtree(own / "data" / name)
    print(f"  quality_report, {usage.seconds:.1f} s, {usage.cpu_s:.1f} CPU s", file=sys.stderr, flush=True)
    return Run(usage, own / "data")
