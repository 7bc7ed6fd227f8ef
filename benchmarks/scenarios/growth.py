"""Growth of time and memory with the number of rows, from plan to export."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.clients.made_texts import LANGUAGES, NUM_WORDS
from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.node_usage import RunUsage, measured_run
from benchmarks.processes import BenchmarkError, Options, run_module
from benchmarks.revisions import OURS, in_turn, refuse_other_results

_ROWS = 1_000_000
_TIMES = 10
_KB_A_ROW = 4  # on disk; the journal goes once its rows are settled
_MOST_GB = 6
_BYTES_A_KB, _BYTES_A_GB = 1_000, 1e9
_LONG_S = 0.5  # nodes below it are not printed

_PLAN = ("plan", ("--pipelines", "task_ingest,attribute_sampling"))
_CALLS = ("--pipelines", "generation", "--to-nodes", "list_calls")
_STAGES = {
    "generation": ("--pipelines", "generation"),
    "quality_report": ("--pipelines", "quality_report"),
    "export": ("--pipelines", "export"),
}
"""Stages after the journal is there. `generation` lists the calls, finds that no row is open, and settles all rows."""

_FLAT = ("generation", "quality_report", "export")
_PARAMETERS: dict[str, dict[str, Any]] = {
    "generation": {"max_attempts": 1},
    "quality_report": {"min_yield": 0.0},
}  # a bad reply fails its row

_TIMES_OF: dict[str, Callable[[RunUsage], float]] = {
    "seconds": lambda used: used.seconds,
    "CPU seconds": lambda used: used.cpu_s,
}

Usage = Mapping[str, RunUsage]
"""Stage → what its process used."""


class Run(NamedTuple):
    """All stages at one number of rows, and the folder with the results."""

    usage: Usage
    results: Path


def growth(options: Options) -> Report:
    """Runs all stages on canned replies, each stage in a process of its own with MLflow, at some rows and a tenth.

    With `--against` also by an earlier commit, which must come to the same tables and metrics. Nothing but the larger
    number's figures and the ratios is shown.

    Raises:
        BenchmarkError: If a stage fails, or the disk is too small.
    """
    rows = options.rows or _ROWS
    sizes = (max(1, rows // _TIMES), rows)
    runs: dict[str, list[Sequence[Usage]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        _refuse_small_disk(Path(folder), rows)
        for size in sizes:
            found = in_turn(partial(_run, Path(folder), size), options.against, options.repeat or 1)
            for name, of_size in found.items():
                if name != OURS:  # whole tables are compared, which takes far more memory than the runs
                    refuse_other_results(found[OURS][0].results, of_size[0].results)
                runs.setdefault(name, []).append([run.usage for run in of_size])
            for run in (run for of_size in found.values() for run in of_size):
                shutil.rmtree(run.results.parent)
    figures = [figure for name, (small, large) in runs.items() for figure in _figures(name, small, large, sizes)]
    title = f"growth: {sizes[1]} and {sizes[0]} rows from plan to export, canned replies, with MLflow"
    return Report(title, figures)


def _figures(name: str, small: Sequence[Usage], large: Sequence[Usage], sizes: tuple[int, int]) -> Iterator[Figure]:
    times, ours = sizes[1] / sizes[0], name == OURS
    for stage in small[0]:
        few, many = [run[stage] for run in small], [run[stage] for run in large]
        yield Figure(f"{name}, {stage}: seconds", [run.seconds for run in many])
        yield Figure(f"{name}, {stage}: CPU seconds", [run.cpu_s for run in many])
        flat = Target("<=", _MOST_GB) if ours else None
        yield Figure(f"{name}, {stage}: peak memory, GB", [run.peak_gb for run in many], flat)
        peaks = pairwise_ratio([run.peak_gb for run in many], [run.peak_gb for run in few])
        flat = Target("<=", 1.3) if ours and stage in _FLAT else None
        yield Figure(f"{name}, {stage}: peak memory, large / small", peaks, flat)
        beyond = [(b.peak_gb - a.peak_gb) * _BYTES_A_GB / (sizes[1] - sizes[0]) for a, b in zip(few, many, strict=True)]
        yield Figure(f"{name}, {stage}: bytes of peak memory a row beyond", beyond)
    for what, used in _TIMES_OF.items():
        totals = [[sum(map(used, run.values())) for run in runs] for runs in (small, large)]
        yield Figure(f"{name}, plan to export: {what}", totals[1])
        linear = Target("<=", 1.1 * times) if ours else None
        yield Figure(f"{name}, plan to export: {what}, large / small", pairwise_ratio(totals[1], totals[0]), linear)


def _run(folder: Path, rows: int, root: Path) -> Run:
    from tests.support.project import TRACKED, Project, python_path  # loads MLflow

    own = Path(tempfile.mkdtemp(dir=folder))
    project = Project(own, root)
    project.parameters(
        attribute_sampling={"num_examples": rows, "language": LANGUAGES, "num_words": NUM_WORDS}, **_PARAMETERS
    )
    environment = {**TRACKED, "PYTHONPATH": python_path(root)}
    usage = {}
    usage[_PLAN[0]] = measured_run(project, *_PLAN[1], **environment)
    measured_run(project, *_CALLS, **environment)
    written = run_module("benchmarks.clients.canned_journal", own)["bytes"]
    for stage, arguments in _STAGES.items():
        usage[stage] = measured_run(project, *arguments, **environment)
        if stage == "generation":
            journal = project.path("data/03_primary/completions.jsonl")
            if journal.stat().st_size != written:
                raise BenchmarkError("rows were asked again: the journal is not that of the plan's calls")
            journal.unlink()
    for stage, used in usage.items():
        for node in (node for node in used.nodes if node.seconds >= _LONG_S):
            cost = f"{node.seconds:.1f} s, {node.cpu_s:.1f} CPU s, {node.peak_gb:.2f} GB"
            print(f"  {rows} rows, {stage}, {node.name}: {cost}", file=sys.stderr, flush=True)
    for name in ("01_raw", "02_intermediate"):
        shutil.rmtree(own / "data" / name)
    return Run(usage, own / "data")


def _refuse_small_disk(folder: Path, rows: int) -> None:
    needed, free = rows * _KB_A_ROW * _BYTES_A_KB, shutil.disk_usage(folder).free
    if free < needed:
        raise BenchmarkError(
            f"{folder} has {free / _BYTES_A_GB:.0f} GB free, of some {needed / _BYTES_A_GB:.0f} needed"
        )
