"""How long the export takes, and how much memory."""

import sys
import tempfile

from benchmarks.figures import Figure, Report, Target
from benchmarks.processes import Options, run_module

_ROWS = 1_000_000
_SECONDS = 180
_GB = 4
_MIB_IN_GB = 1e9 / 2**20


def export(options: Options) -> Report:
    """Exports a plan that was accepted as a whole: all views, the splits and the card, in a fresh process."""
    rows = options.rows or _ROWS
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        run_module("benchmarks.clients.example_maker", folder, rows)
        for _ in range(options.repeat or 1):
            runs.append(run_module("benchmarks.clients.exporter", folder, TEXTCAT_TRACKING="off"))
            print(f"  export, {rows} rows: {runs[-1]['seconds']:.2f} s", file=sys.stderr, flush=True)
    figures = [
        Figure("seconds", [run["seconds"] for run in runs], Target("<=", _SECONDS * rows / _ROWS)),
        Figure("CPU seconds", [run["cpu_s"] for run in runs]),
        Figure("peak memory, GB", [run["peak_mib"] / _MIB_IN_GB for run in runs], Target("<=", _GB)),
        Figure("written, MB", [run["written_mb"] for run in runs]),
    ]
    return Report(f"export: {rows} rows of 18 tasks, some 74 words each", figures)
