"""A pipeline run as a user runs it, on tables that a maker makes; by an earlier commit too, with the same results."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure, Target, pairwise_ratio
from benchmarks.node_usage import RunUsage, measured_run
from benchmarks.processes import ROOT, Options, run_module
from benchmarks.revisions import OURS, in_turn, refuse_other_results
from synthetic_textcat.hashing import sha256_of

_LONG_S = 0.5  # nodes below it are not shown

_COMPARED: dict[str, Callable[[RunUsage], float]] = {
    "seconds": lambda used: used.seconds,
    "CPU seconds": lambda used: used.cpu_s,
    "peak memory": lambda used: used.peak_gb,
}


class Stage(NamedTuple):
    """A pipeline to measure.

    Attributes:
        pipeline: Its name.
        maker: Module that makes the tables which the pipeline reads.
        maker_folder: The folder of the project that the maker writes; "" for the project.
        inputs: Folders and files of `data` that the pipeline does not write, and which are not compared.
        arguments: Further arguments of `kedro run`.
        own_maker: Whether an earlier commit reads what its own maker makes, in its own columns.
    """

    pipeline: str
    maker: str
    maker_folder: str
    inputs: Sequence[str]
    arguments: Sequence[str] = ()
    own_maker: bool = False


class StageRuns(NamedTuple):
    """What runs of a stage used, by name of the revision, and the number of files that are the same in all."""

    used: Mapping[str, Sequence[RunUsage]]
    compared: int

    @property
    def remark(self) -> str:
        """For the title of the report."""
        return f"; {self.compared} tables and files with the same values" if self.compared else ""


class _Run(NamedTuple):
    usage: RunUsage
    results: Path


def stage_runs(stage: Stage, rows: int, options: Options) -> StageRuns:
    """Runs a stage on so many rows; with `--against` also by an earlier commit.

    Raises:
        BenchmarkError: If a run fails, or the commits come to other results.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = in_turn(partial(_run, Path(folder), stage, rows), options.against, options.repeat or 1)
        others = [other for name, found in runs.items() if name != OURS for other in found]
        compared = [
            refuse_other_results(ours.results, other.results) for ours, other in zip(runs[OURS], others, strict=False)
        ]
    return StageRuns({name: [run.usage for run in found] for name, found in runs.items()}, max(compared, default=0))


def stage_figures(runs: StageRuns, seconds: Target | None, peak_gb: Target | None) -> list[Figure]:
    """Figures of the runs and of their longer nodes, and our ratios to the other revision.

    Args:
        runs: The runs.
        seconds: What ours may take.
        peak_gb: What ours may hold in memory.
    """
    figures = [
        figure
        for name, used in runs.used.items()
        for figure in _figures(name, used, *((seconds, peak_gb) if name == OURS else (None, None)))
    ]
    for name in runs.used.keys() - {OURS}:
        figures += [
            Figure(
                f"ours / {name}: {what}", pairwise_ratio([*map(part, runs.used[OURS])], [*map(part, runs.used[name])])
            )
            for what, part in _COMPARED.items()
        ]
    return figures


def _figures(name: str, used: Sequence[RunUsage], seconds: Target | None, peak_gb: Target | None) -> Iterator[Figure]:
    yield Figure(f"{name}: seconds", [run.seconds for run in used], seconds)
    yield Figure(f"{name}: CPU seconds", [run.cpu_s for run in used])
    yield Figure(f"{name}: peak memory, GB", [run.peak_gb for run in used], peak_gb)
    for place, (node, *_) in enumerate(used[0].nodes):
        own = [run.nodes[place] for run in used]
        if max(each.seconds for each in own) >= _LONG_S:
            yield Figure(f"{name}, {node}: seconds", [each.seconds for each in own])
            yield Figure(f"{name}, {node}: CPU seconds", [each.cpu_s for each in own])
            yield Figure(f"{name}, {node}: peak memory, GB", [each.peak_gb for each in own])


def _run(folder: Path, stage: Stage, rows: int, root: Path) -> _Run:
    """Runs the pipeline of a checkout once, on tables that are made once."""
    from tests.support.project import Project, python_path  # loads MLflow

    maker_root = root if stage.own_maker else ROOT
    made = folder / f"made-{sha256_of(str(maker_root))[:8]}"
    if not made.exists():
        run_module(stage.maker, made / stage.maker_folder, rows, root=maker_root)
    own = Path(tempfile.mkdtemp(dir=folder))
    project = Project(own, root)
    shutil.copytree(made / "data", own / "data", dirs_exist_ok=True)
    usage = measured_run(project, "--pipelines", stage.pipeline, *stage.arguments, PYTHONPATH=python_path(root))
    for path in (own / "data" / name for name in stage.inputs):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    print(f"  {stage.pipeline}, {usage.seconds:.1f} s, {usage.cpu_s:.1f} CPU s", file=sys.stderr, flush=True)
    return _Run(usage, own / "data")
