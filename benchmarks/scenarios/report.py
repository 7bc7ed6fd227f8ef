"""How long `kedro run --pipelines quality_report` takes on many rows, node by node, and how much memory."""

from benchmarks.figures import Report, Target
from benchmarks.processes import Options
from benchmarks.stages import Stage, stage_figures, stage_runs

_ROWS = 100_000
_ALLOWED_S = {100_000: 40.0, 1_000_000: 300.0}
_ALLOWED_GB = 6.0
_STAGE = Stage(
    "quality_report",
    "benchmarks.clients.report_rows",
    "data",
    ("01_raw", "02_intermediate", "03_primary", "04_feature"),
    ("--params", "quality_report.min_yield=0"),
    own_maker=True,
)


def report(options: Options) -> Report:
    """Makes the tables of a finished generation, and has them checked and reported in a copy of the project.

    With `--against` also by an earlier commit, which must come to the same tables and metrics.
    """
    rows = options.rows or _ROWS
    runs = stage_runs(_STAGE, rows, options)
    seconds = Target("<=", _ALLOWED_S[rows]) if rows in _ALLOWED_S else None
    title = f"report: `quality_report` on {rows} rows of some 300 characters, all cores{runs.remark}"
    return Report(title, stage_figures(runs, seconds, Target("<=", _ALLOWED_GB)))
