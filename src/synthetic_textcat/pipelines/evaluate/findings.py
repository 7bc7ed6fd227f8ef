"""Findings of the evaluation: metrics, a table of tasks, the learning curve and its plot."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.pipelines.evaluate.inputs import RealRows
from synthetic_textcat.pipelines.evaluate.scoring import F1, SIZES, Score, Tried, are_few, is_enough, mean_of
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.evaluation_set import EXACT, NEAR
from synthetic_textcat.schemas.label_sets import label_set_code
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.schemas.run_records import REAL_PREDICTIONS
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.text.label_samples import FEWEST_OF_A_LABEL, FEWEST_ROWS
from synthetic_textcat.text.linear_models import Labels
from synthetic_textcat.text.multi_hot import sets_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_TOO_FEW = f"training on real rows needs {FEWEST_ROWS} rows and 2 labels with {FEWEST_OF_A_LABEL} rows each"
_NOTHING_TO_LEARN = "no two labels among the synthetic rows of the train split"
_MOST_TASKS = 8
_COLOURS = ("#4a7fb5", "#2f855a", "#b7791f", "#c53030", "#6b46c1", "#718096", "#0987a0", "#97266d")
_LONGEST = 60


def held_out_metrics(tried: Sequence[Tried]) -> Metrics:
    """Scores on held-out synthetic rows, which say nothing about real text.

    `train/held_out_synthetic_macro_f1`, its 95 % interval and number of rows; the mean over the tasks by held-out rows.
    `train/held_out_synthetic_micro_f1`: the same of the tasks with several labels a text, if there are any.
    """
    found = mean_of([task.held_out for task in tried if task.held_out])
    name = "train/held_out_synthetic"
    if found is None:
        return {}
    return {
        **_interval(f"{name}_macro_f1", found),
        **_micro(f"{name}_micro_f1", found.micro),
        f"{name}_rows": found.rows,
    }


def real_metrics(tried: Sequence[Tried], real: RealRows) -> Metrics:
    """Scores on the real rows; each is a macro-F1, the mean over the tasks by their real rows.

    - `real/macro_f1`, `_low`, `_high`: trained on the synthetic rows; 95 % interval. `real/macro_f1/<task_id>`.
    - `real/micro_f1`, `_low`, `_high`, `real/micro_f1/<task_id>`: the micro-F1 of the tasks with several labels a text.
    - `real/macro_f1_by_rows/<rows>`: trained on this number of rows of each task, if every task has as many.
    - `real/majority_macro_f1`: majority baseline, the most frequent label of the real rows.
    - `real/train_on_real_macro_f1`, `_low`, `_high`: trained on the real rows, by five-fold cross-validation; null
      unless all tasks have enough real rows.
    - `real/rows`, `real/tasks`: test rows and their tasks. `real/rows_left_out`: without a text or label, or repeated.
    - `real/training_rows`: training rows. `real/training_rows_left_out_exact`, `_near`: dropped as (near) duplicates of
      real rows.
    """
    scored = [task for task in tried if task.real]
    found = mean_of([task.real for task in scored if task.real])
    if found is None:
        return {}
    on_real = [task.on_real for task in scored if task.on_real]
    overlaps = [task.trial.overlaps for task in scored]
    return {
        **_interval("real/macro_f1", found),
        **_micro("real/micro_f1", found.micro),
        **_by_rows(scored),
        "real/majority_macro_f1": _mean([task.majority or 0.0 for task in scored], scored),
        **_interval("real/train_on_real_macro_f1", mean_of(on_real) if len(on_real) == len(scored) else None),
        "real/rows": found.rows,
        "real/tasks": len(scored),
        "real/rows_left_out": real.left_out,
        "real/training_rows": sum(len(task.trial.train) for task in scored),
        **{f"real/training_rows_left_out_{kind}": sum(each[kind] for each in overlaps) for kind in (EXACT, NEAR)},
        **{f"real/macro_f1/{task.trial.task.task_id}": task.real.macro_f1 for task in scored if task.real},
        **{
            f"real/micro_f1/{task.trial.task.task_id}": task.real.micro.value
            for task in scored
            if task.real and task.real.micro
        },
    }


def task_lines(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    """Record of each task: rows, scores with intervals, and reasons for missing scores."""
    return [_line(task) for task in tried]


def curve_lines(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    """Points of the learning curve: task_id, task, training_rows, macro_f1, low, high, train_on_real."""
    return [
        {
            "task_id": task.trial.task.task_id,
            "task": task.trial.task.task,
            "training_rows": rows,
            **score_fields(found),
            "train_on_real": task.on_real.macro_f1 if task.on_real else None,
        }
        for task in tried
        for rows, found in task.curve
    ]


def real_predictions(tried: Sequence[Tried]) -> pd.DataFrame:
    """Label and predicted label of each real row, so that runs can be compared row by row.

    The user's text is not in it: a row is known by a hash of its text.

    Returns:
        Columns `REAL_PREDICTIONS`.
    """
    return to_frame(
        (
            {
                "task_id": task.trial.task.task_id,
                "task": task.trial.task.task,
                "row": sha256_of(normalise(text)),
                "label": label,
                "predicted": predicted,
                "task_type": task.trial.task.task_type,
            }
            for task in tried
            if task.predicted is not None
            for text, label, predicted in zip(
                task.trial.real.texts,
                _named(task.trial.real.labels, task.trial.task),
                _named(task.predicted, task.trial.task),
                strict=True,
            )
        ),
        REAL_PREDICTIONS,
    )


def _named(labels: Labels, task: Task) -> list[str]:
    """Name of each row's label; of label sets their code, a JSON list."""
    if labels.ndim > 1:
        return [label_set_code(names) for names in sets_of(labels, task.label_names)]
    return [task.label_names[label] for label in labels]


def _line(task: Tried) -> dict[str, Any]:
    trial = task.trial
    return {
        "task_id": trial.task.task_id,
        "task": trial.task.task,
        "labels": len(trial.task.labels),
        "training_rows": len(trial.train),
        "real_rows": len(trial.real),
        "few_real_rows": are_few(trial.real, trial.task),
        **score_fields(task.real),
        "majority_macro_f1": task.majority,
        **{f"train_on_real_{end}": value for end, value in score_fields(task.on_real).items()},
        "held_out_rows": len(trial.held_out),
        "few_held_out_rows": are_few(trial.held_out, trial.task),
        **{f"held_out_synthetic_{end}": value for end, value in score_fields(task.held_out).items()},
        "note": "; ".join(_notes(task)),
    }


def _notes(task: Tried) -> Iterator[str]:
    if not task.trial.is_learnable:
        yield _NOTHING_TO_LEARN
    elif len(task.trial.real) and not is_enough(task.trial.real):
        yield _TOO_FEW


def _by_rows(scored: Sequence[Tried]) -> Metrics:
    curves = [dict(task.curve) for task in scored]
    shared = [size for size in SIZES if all(size in curve for curve in curves)]
    means = {size: mean_of([curve[size] for curve in curves]) for size in shared}
    return {f"real/macro_f1_by_rows/{size}": mean.macro_f1 for size, mean in means.items() if mean}


def _mean(values: Sequence[float], scored: Sequence[Tried]) -> float:
    return round(float(np.average(values, weights=[len(task.trial.real) for task in scored])), 4)


def _interval(name: str, found: Score | None) -> Metrics:
    ends = score_fields(found)
    return {name: ends["macro_f1"], f"{name}_low": ends["low"], f"{name}_high": ends["high"]}


def _micro(name: str, found: F1 | None) -> Metrics:
    if found is None:
        return {}
    low, high = found.interval
    return {name: found.value, f"{name}_low": low, f"{name}_high": high}


def score_fields(found: Score | None) -> Metrics:
    """Macro-F1 and the ends of its interval, by name; None without a score. Of label sets the micro-F1 likewise."""
    if found is None:
        return {"macro_f1": None, "low": None, "high": None}
    return {"macro_f1": found.macro_f1, "low": found.low, "high": found.high, **_micro("micro_f1", found.micro)}


def learning_curve(points: Sequence[Mapping[str, Any]]) -> "Figure":
    """Learning curve: macro-F1 on real rows by synthetic training rows, one line per task; dashed: trained on real.

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
        figure.add_trace(_trace(go, name, own, colour))
        if own[0]["train_on_real"] is not None:
            figure.add_trace(_ceiling(go, f"{name} (trained on real rows)", own, colour))
    title = "Macro-F1 on real rows, by synthetic training rows" + ("" if points else ": no real rows to show")
    return figure.update_layout(
        title=title, xaxis_title="synthetic rows", yaxis_title="macro-F1", template="plotly_white"
    ).update_xaxes(type="log", tickvals=sorted({point["training_rows"] for point in points}))


def _trace(go: Any, name: str, own: Sequence[Mapping[str, Any]], colour: str) -> Any:
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
