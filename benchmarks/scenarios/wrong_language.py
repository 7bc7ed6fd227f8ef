"""Cost of the check `wrong_language` a row, next to an earlier commit."""

import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.processes import ROOT, Options, mixed_path, run_module
from benchmarks.revisions import OURS, in_turn, refuse_other_results

_ROWS = 100_000
_REPEAT = 3
_MICRO = 1e6


class Run(NamedTuple):
    """A run of the check, and the folder with its verdicts."""

    used: dict[str, float]
    results: Path


def wrong_language(options: Options) -> Report:
    """Judges the texts of the benchmark `report`; with `--against` the verdicts must be those of the earlier commit."""
    rows = options.rows or _ROWS
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        run_module("benchmarks.clients.report_rows", data, rows)
        table = data / "04_feature" / "candidates.parquet"
        runs = in_turn(partial(_run, Path(folder), table), options.against, options.repeat or _REPEAT)
        for name, found in runs.items():
            if name != OURS:
                refuse_other_results(runs[OURS][0].results, found[0].results)
    cpu = {name: [run.used["cpu_s"] for run in found] for name, found in runs.items()}
    figures = [Figure(f"{name}: CPU µs/row", [_MICRO * each / rows for each in used]) for name, used in cpu.items()]
    figures += [
        Figure(f"{name} / ours", pairwise_ratio(used, cpu[OURS]), Target(">=", 4))
        for name, used in cpu.items()
        if name != OURS
    ]
    return Report(f"wrong_language: {rows} texts of some 300 characters in five languages", figures)


def _run(folder: Path, table: Path, root: Path) -> Run:
    results = Path(tempfile.mkdtemp(dir=folder))
    used = run_module(
        "benchmarks.clients.language_reader", table, results / "verdicts.parquet", PYTHONPATH=mixed_path(ROOT, root)
    )
    return Run(used, results)
