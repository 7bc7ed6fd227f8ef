"""The labels that the model made for tasks without a label set."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from synthetic_textcat.pipelines.quality_report.checks import normalised

_OF_TASK = "labels/made/task/"


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


def open_label_metrics(requests: pd.DataFrame, outcomes: pd.DataFrame) -> dict[str, float | None]:
    """Different labels among the accepted rows of tasks without a label set, after normalising. Unit: labels.

    Returns:
        `labels/open_tasks`, how many such tasks the plan has; `labels/made`, over them; `labels/made/task/<task_id>`.
    """
    is_open = requests["label"].isna()
    made = pd.DataFrame({"task_id": requests["task_id"], "label": outcomes["label"]})
    accepted = made[is_open & (outcomes["outcome"] == "accepted")]
    counts = accepted["label"].map(normalised).groupby(accepted["task_id"]).nunique()
    return {
        "labels/open_tasks": requests.loc[is_open, "task_id"].nunique(),
        "labels/made": int(counts.sum()),
        **{f"{_OF_TASK}{task_id}": int(count) for task_id, count in counts.items()},
    }


def made_labels(metrics: Mapping[str, float | None], examples: pd.DataFrame) -> Iterator[MadeLabels]:
    """The tasks without a label set, as the report lists them."""
    for task_id, rows in examples.groupby("task_id", sort=False):
        count = metrics.get(f"{_OF_TASK}{task_id}")
        if count is not None:
            yield MadeLabels(str(rows["task"].iloc[0]), int(count), len(rows))
