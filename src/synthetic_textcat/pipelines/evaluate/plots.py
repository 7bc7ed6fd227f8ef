"""The learning curve, as a plotly figure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_TASKS = 8
_COLOURS = ("#4a7fb5", "#2f855a", "#b7791f", "#c53030", "#6b46c1", "#718096", "#0987a0", "#97266d")
_LONGEST = 60


def learning_curve(points: Sequence[Mapping[str, Any]]) -> "Figure":
    """Macro-F1 on real rows by the synthetic rows learnt, a line a task; dashed, what learning real rows gives.

    Args:
        points: As in `findings.curve_lines`.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    by_task: dict[str, list[Mapping[str, Any]]] = {}
    for point in points:
        by_task.setdefault(point["task"], []).append(point)
    for (task, own), colour in zip(list(by_task.items())[:_MOST_TASKS], _COLOURS, strict=False):
        name = task if len(task) <= _LONGEST else f"{task[: _LONGEST - 3]}..."
        figure.add_trace(_line(go, name, own, colour))
        if own[0]["train_on_real"] is not None:
            figure.add_trace(_ceiling(go, f"{name} (trained on real rows)", own, colour))
    title = "Macro-F1 on real rows, by the synthetic rows learnt" + ("" if points else ": no real rows to show")
    return figure.update_layout(
        title=title, xaxis_title="synthetic rows", yaxis_title="macro-F1", template="plotly_white"
    ).update_xaxes(type="log", tickvals=sorted({point["training_rows"] for point in points}))


def _line(go: Any, name: str, own: Sequence[Mapping[str, Any]], colour: str) -> Any:
    middle = [point["macro_f1"] for point in own]
    above, below = (
        [abs((point[end] if point[end] is not None else point["macro_f1"]) - point["macro_f1"]) for point in own]
        for end in ("high", "low")
    )
    return go.Scatter(
        name=name,
        x=[point["training_rows"] for point in own],
        y=middle,
        error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below},
        mode="lines+markers",
        line={"color": colour},
    )


def _ceiling(go: Any, name: str, own: Sequence[Mapping[str, Any]], colour: str) -> Any:
    ends = [own[0]["training_rows"], own[-1]["training_rows"]]
    level = own[0]["train_on_real"]
    return go.Scatter(name=name, x=ends, y=[level, level], mode="lines", line={"color": colour, "dash": "dash"})
