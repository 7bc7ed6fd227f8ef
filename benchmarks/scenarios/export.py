"""How long the export takes, node by node, and how its memory grows."""

from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.processes import Options
from benchmarks.revisions import OURS
from benchmarks.stages import Stage, stage_figures, stage_runs

_ROWS = 1_000_000
_SECONDS = 60
_GB = 1.0
_FEWER = 10
_FLAT = 1.3
_STAGE = Stage(
    "export",
    "benchmarks.clients.example_maker",
    "",
    ("01_raw", "02_intermediate", "03_primary", "08_reporting/ledger.json", "08_reporting/metrics.json"),
)


def export(options: Options) -> Report:
    """Exports a plan that was accepted as a whole: all views, the splits and the card; of a tenth of the rows too.

    With `--against` also by an earlier commit, which must write the same files, up to the row groups of Parquet.
    """
    rows = options.rows or _ROWS
    runs = stage_runs(_STAGE, rows, options)
    fewer = stage_runs(_STAGE, max(1, rows // _FEWER), options._replace(against=None))
    figures = stage_figures(runs, Target("<=", _SECONDS * rows / _ROWS), Target("<=", _GB))
    peaks = pairwise_ratio(*([run.peak_gb for run in each.used[OURS]] for each in (runs, fewer)))
    figures.append(Figure(f"ours: peak memory, of {rows} / of {rows // _FEWER} rows", peaks, Target("<=", _FLAT)))
    return Report(f"export: {rows} rows of 18 tasks, some 74 words each, all cores{runs.remark}", figures)
