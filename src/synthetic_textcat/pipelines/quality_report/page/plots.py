"""The plots of the report, as plotly figures that Kedro-Viz previews."""

from typing import TYPE_CHECKING

from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.pipelines.quality_report.page.ends import ends_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = {"accepted": "#2f855a", "rejected": "#b7791f", "failed": "#c53030", "not_run": "#718096"}


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
