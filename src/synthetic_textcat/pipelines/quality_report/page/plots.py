"""The plots of the report, as plotly figures that Kedro-Viz previews."""

from typing import TYPE_CHECKING

from synthetic_textcat.pipelines.quality_report.ledger import Ledger

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = {"accepted": "#2f855a", "rejected": "#b7791f", "failed": "#c53030", "not_run": "#718096"}


def ends_of(ledger: Ledger) -> list[tuple[str, str, int]]:
    """Each end of a row that occurs: outcome, its name to show, rows; accepted first, then by number of rows."""
    rejected = [("rejected", reason, rows) for reason, rows in ledger["rejected"].items()]
    failed = [("failed", cause, rows) for cause, rows in ledger["failed"].items()]
    rest = [("not_run", "not run", ledger["not_run"])] if ledger["not_run"] else []
    return [("accepted", "accepted", ledger["accepted"]), *sorted([*rejected, *failed, *rest], key=lambda end: -end[2])]


def yield_figure(ledger: Ledger) -> "Figure":
    """Where the planned rows ended: one bar an outcome, reason and cause."""
    import plotly.graph_objects as go

    ends = ends_of(ledger)[::-1]
    bars = go.Bar(
        x=[rows for _, _, rows in ends],
        y=[name.replace("_", " ") for _, name, _ in ends],
        text=[f"{rows:,}" for _, _, rows in ends],
        marker_color=[COLOURS[outcome] for outcome, _, _ in ends],
        orientation="h",
    )
    title = f"{ledger['accepted']:,} of {ledger['planned']:,} planned rows accepted"
    return go.Figure(bars).update_layout(title=title, xaxis_title="rows", template="plotly_white")
