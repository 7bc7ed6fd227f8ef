"""Cost of settling rows, and of outcomes and sums, next to an earlier commit."""

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
_LATER = ("labels",)  # of rows; e20b804 has tasks with one label a text only
_PARTS = {"settle": ("`settle_rows`", 5), "sums": ("`list_outcomes` and `measure`", 8)}
"""Part of the client → its nodes, and how many times as fast as e20b804 they should be."""


class Run(NamedTuple):
    """A run: CPU seconds of each part, and the folder with the tables."""

    cpu_s: dict[str, float]
    results: Path


def settling(options: Options) -> Report:
    """Settles a made journal and sums it up; with `--against` all tables must be those of the earlier commit."""
    rows = options.rows or _ROWS
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        made.mkdir()
        run_module("benchmarks.clients.paid_rows", made, rows)
        runs = in_turn(partial(_run, Path(folder), made), options.against, options.repeat or _REPEAT)
        for name, found in runs.items():
            if name != OURS:
                refuse_other_results(runs[OURS][0].results, found[0].results, _LATER)
    figures = []
    for part, (nodes, least) in _PARTS.items():
        cpu = {name: [run.cpu_s[part] for run in found] for name, found in runs.items()}
        figures += [Figure(f"{name}, {nodes}: CPU µs/row", [_MICRO * x / rows for x in cpu[name]]) for name in cpu]
        figures += [
            Figure(f"{name} / ours, {nodes}", pairwise_ratio(used, cpu[OURS]), Target(">=", least))
            for name, used in cpu.items()
            if name != OURS
        ]
    return Report(f"settling: {rows} rows of some 300 characters, each part in a fresh process", figures)


def _run(folder: Path, made: Path, root: Path) -> Run:
    results = Path(tempfile.mkdtemp(dir=folder))
    path = mixed_path(ROOT, root)
    used = {
        part: run_module("benchmarks.clients.settler", part, made, results, PYTHONPATH=path)["cpu_s"] for part in _PARTS
    }
    return Run(used, results)
