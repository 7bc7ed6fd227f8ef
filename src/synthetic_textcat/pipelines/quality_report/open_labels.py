"""The labels that the model made for tasks without a label set."""

from typing import NamedTuple

import pandas as pd

from synthetic_textcat.pipelines.quality_report.checks import normalised

MOST_LISTED = 20


class MadeLabels(NamedTuple):
    """What one such task came to.

    Attributes:
        task: Its sentence.
        labels: Different labels, after normalising.
        rows: Accepted rows.
    """

    task: str
    labels: int
    rows: int


def made_labels(requests: pd.DataFrame, examples: pd.DataFrame) -> list[MadeLabels]:
    """The tasks without a label set that have an accepted row, those with the most different labels first."""
    open_tasks = requests.loc[requests["label"].isna(), "task_id"].unique()
    rows = examples[examples["task_id"].isin(open_tasks)]
    made = rows.assign(label=rows["label"].map(normalised)).groupby("task_id", sort=False)
    counts = made.agg(task=("task", "first"), labels=("label", "nunique"), rows=("label", "size"))
    ordered = counts.sort_values("labels", ascending=False, kind="stable")
    return [MadeLabels(str(x), int(y), int(z)) for x, y, z in ordered.itertuples(index=False)]


def open_label_metrics(requests: pd.DataFrame, made: list[MadeLabels]) -> dict[str, float | None]:
    """How many tasks without a label set are planned, and the different labels made for them, each task for itself."""
    return {
        "labels/open_tasks": requests.loc[requests["label"].isna(), "task_id"].nunique(),
        "labels/made": sum(task.labels for task in made),
    }
