"""The plots, as plotly figures that Kedro-Viz previews and MLflow keeps. The page draws the same tables with less."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synthetic_textcat.pipelines.quality_report.ledger import Ledger, ends_of
from synthetic_textcat.pipelines.quality_report.page.heat_maps import (
    QUOTA_SIDES,
    Confusion,
    confusions,
    filled_share,
    heat_map,
)
from synthetic_textcat.schemas.lengths import WORDS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Heatmap, Layout

Rows = Sequence[Mapping[str, Any]]

COLOURS = {
    "accepted": "#2f855a",
    "rejected": "#b7791f",
    "failed": "#c53030",
    "not_run": "#718096",
    "surplus": "#68a387",
}

_ROW_PX, _FRAME_PX, _LEAST_ROWS = 24, 220, 6
_LONGEST_NAME = 36


def yield_figure(ledger: Ledger) -> "Figure":
    """Outcomes of the planned rows: one bar for each outcome, reason and cause."""
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
    return _titled(go.Figure(bars), title, "rows")


def language_figure(found: Rows) -> "Figure":
    """Requested languages against the languages found instead; table `language_found`."""
    import plotly.graph_objects as go

    asked, other = ([*dict.fromkeys(row[name] for row in found)] for name in ("asked", "found"))
    rows = {(row["asked"], row["found"]): row["rows"] for row in found}
    counts = [[rows.get((wanted, got)) for got in other] for wanted in asked]
    heat = go.Heatmap(x=other, y=asked, z=counts, colorscale="Blues", texttemplate="%{z}")
    figure = _titled(go.Figure(heat if found else None), "Language asked for, and found instead", "found", "asked for")
    return _with_all_names(figure, asked, other)


def length_figure(histogram: Rows) -> "Figure":
    """Words or characters of the texts by the length asked for; table `length_histogram`."""
    import plotly.graph_objects as go

    bars = [
        go.Bar(name=asked, x=[_bin(row) for row in own], y=[row["rows"] for row in own])
        for asked, own in _by(histogram, "num_words").items()
    ]
    units = " or ".join(dict.fromkeys(row["unit"] for row in histogram)) or WORDS
    title = f"{units.capitalize()} a text, by what was asked for"
    return _titled(go.Figure(bars), title, units, "rows").update_layout(barmode="stack")


def readability_figure(groups: Rows) -> "Figure":
    """LIX by language and difficulty, the middle half and the median; table `readability`."""
    import plotly.graph_objects as go

    boxes = [
        go.Box(
            name=difficulty,
            x=[row["language"] for row in own],
            q1=[row["p25"] for row in own],
            median=[row["median"] for row in own],
            q3=[row["p75"] for row in own],
        )
        for difficulty, own in _by(groups, "difficulty").items()
    ]
    return _titled(go.Figure(boxes), "LIX of the accepted rows", "", "LIX").update_layout(boxmode="group")


def task_sizes_figure(sizes: Rows) -> "Figure":
    """Histogram of tasks by number of accepted rows; table `task_sizes`."""
    named = [{"size": f"{row['rows_from']} to {row['rows_to']}", "tasks": row["tasks"]} for row in sizes]
    return _bars(named, "size", "tasks", "Accepted rows a task", "rows")


def clusters_figure(clusters: Rows) -> "Figure":
    """Histogram of near-duplicate clusters by size; table `near_duplicate_clusters`."""
    return _bars(clusters, "size", "clusters", "Rows that are nearly one text", "rows alike")


def leakage_figure(leaks: Rows) -> "Figure":
    """Leaks by language; table `leakage_by_language`."""
    return _bars(leaks, "language", "rate", "Candidates that name a label", "").update_yaxes(tickformat=".0%")


def growth_figure(growth: Rows) -> "Figure":
    """Diversity against the number of rows, a panel a measure; table `diversity_growth`."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    sizes = [row["rows"] for row in growth]
    measures = [name for name in (growth[0] if growth else ()) if name != "rows"]
    titles = [name.replace("_", " ") for name in measures]
    figure = make_subplots(rows=max(1, len(measures)), cols=1, shared_xaxes=True, subplot_titles=titles)
    for place, name in enumerate(measures, 1):
        line = go.Scatter(name=name, x=sizes, y=[row[name] for row in growth], showlegend=False)
        figure.add_trace(line, row=place, col=1)
    return _titled(figure, "Diversity as rows are added", "").update_xaxes(title_text="rows", row=max(1, len(measures)))


def quota_figure(matrix: Rows) -> "Figure":
    """Accepted rows of each cell of a quota by two columns, the emptiest rows first; table `quota_matrix`."""
    import plotly.graph_objects as go

    cells = heat_map(matrix, QUOTA_SIDES)
    rows = [*cells.rows.values()]
    heat = go.Heatmap(
        x=cells.across,
        y=[*cells.rows],
        z=[[entry and filled_share(entry["accepted"], entry["target"]) for entry in row] for row in rows],
        text=[["" if entry is None else f"{entry['accepted']:,}" for entry in row] for row in rows],
        customdata=[[entry and entry["target"] for entry in row] for row in rows],
        texttemplate="%{text}",
        hovertemplate="%{y}, %{x}: %{text} of %{customdata}<extra></extra>",
        zmin=0,
        zmax=1,
        colorscale="Greens",
        colorbar_tickformat=".0%",
    )
    figure = _titled(go.Figure(heat if matrix else None), "Accepted rows a cell, of those asked for", "")
    return _with_all_names(figure, [*cells.rows], cells.across)


def confusion_figure(table: Rows) -> "Figure":
    """Judged rows by planned and judged label, a task to choose at a time; table `label_confusion`."""
    import plotly.graph_objects as go

    matrices = confusions(table, most_labels=None)
    figure = go.Figure([_confusion_heat(matrix, is_shown=not place) for place, matrix in enumerate(matrices)])
    figure = _titled(figure, "Planned and judged labels", "judged", "planned")
    if not matrices:
        return figure
    choices = [
        {
            "label": _cut(matrix.task),
            "method": "update",
            "args": [
                {"visible": [place == chosen for place in range(len(matrices))]},
                _flat(_with_all_names(go.Figure(), [*matrix.rows], matrix.judged).layout),
            ],
        }
        for chosen, matrix in enumerate(matrices)
    ]
    menu = {"buttons": choices, "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom", "pad": {"b": 60}}
    figure = _with_all_names(figure, [*matrices[0].rows], matrices[0].judged)
    return figure.update_layout(updatemenus=[menu] if len(matrices) > 1 else [])


def _flat(layout: "Layout") -> dict[str, Any]:
    """Height and axes of a layout by the names that leave the rest of it as it is, as titles of axes."""
    axes = {
        f"{axis}.{name}": value for axis in ("xaxis", "yaxis") for name, value in layout[axis].to_plotly_json().items()
    }
    return {"height": layout.height, **axes}


def _confusion_heat(matrix: Confusion, *, is_shown: bool) -> "Heatmap":
    import plotly.graph_objects as go

    rows = [*matrix.rows.values()]
    return go.Heatmap(
        name=matrix.task,
        x=list(matrix.judged),
        y=[*matrix.rows],
        z=[[cell.share for cell in row] for row in rows],
        text=[[f"{cell.rows:,}" if cell.rows else "" for cell in row] for row in rows],
        texttemplate="%{text}",
        hovertemplate="planned %{y}, judged %{x}: %{text} rows, %{z:.1%}<extra></extra>",
        zmin=0,
        zmax=1,
        colorscale="Blues",
        colorbar_tickformat=".0%",
        visible=is_shown,
    )


SIGNAL_FIGURES: dict[str, Callable[[Rows], "Figure"]] = {
    "language_found": language_figure,
    "length_histogram": length_figure,
    "readability": readability_figure,
    "task_sizes": task_sizes_figure,
    "near_duplicate_clusters": clusters_figure,
    "leakage_by_language": leakage_figure,
    "diversity_growth": growth_figure,
    "quota_matrix": quota_figure,
    "label_confusion": confusion_figure,
}
"""Table → the figure that draws it."""


def _bin(row: Mapping[str, Any]) -> str:
    bounds = f"{row['from']} and more" if row["to"] is None else f"{row['from']} to {row['to'] - 1}"
    return bounds if row["unit"] == WORDS else f"{bounds} {row['unit']}"


def _by(rows: Rows, name: str) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups


def _bars(rows: Rows, across: str, up: str, title: str, unit: str) -> "Figure":
    import plotly.graph_objects as go

    bars = go.Bar(x=[str(row[across]) for row in rows], y=[row[up] for row in rows], marker_color="#4a7fb5")
    return _titled(go.Figure(bars if rows else None), title, unit, up).update_xaxes(type="category")


def _with_all_names(figure: "Figure", down: Sequence[str], across: Sequence[str]) -> "Figure":
    """A heat map with room for each row, the first one on top, and with names cut short; hovering shows them whole."""
    return figure.update_layout(
        height=_FRAME_PX + _ROW_PX * max(len(down), _LEAST_ROWS),
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "tickvals": [*range(len(down))],
            "ticktext": [*map(_cut, down)],
        },
        xaxis={"type": "category", "side": "top", "tickvals": [*range(len(across))], "ticktext": [*map(_cut, across)]},
    )


def _cut(name: str) -> str:
    """A long name without its middle: names of one kind often begin with the same words."""
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half].rstrip()}…{name[-half:].lstrip()}"


def _titled(figure: "Figure", title: str, across: str, up: str = "") -> "Figure":
    nothing = "" if figure.data else ": nothing to show"
    return figure.update_layout(title=title + nothing, xaxis_title=across, yaxis_title=up, template="plotly_white")
