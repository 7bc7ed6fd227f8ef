"""Planned rows per label: whether train and test splits, and with them an evaluation, can have rows of each label."""

from collections.abc import Sequence
from math import ceil

import pandas as pd

from synthetic_textcat.schemas.parameters import SplitShares
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task

_BLOCK = 10
"""Rows of a label that are dealt to the splits at once (`pipelines/export/splits.py`): each split gets its share."""


def warning_about_splits(requests: pd.DataFrame, tasks: Sequence[Task], shares: SplitShares) -> str | None:
    """The line about labels with fewer planned rows than a test split needs; None if there are none, or no such split.

    Args:
        requests: The plan.
        tasks: Its tasks.
        shares: Share of each split.
    """
    if not shares.test:
        return None
    needed = max(_BLOCK, ceil(1 / shares.test))
    rows = requests.groupby(["task_id", "label"], sort=False).size().to_dict()
    counts = {task.task: [rows.get((task.task_id, name), 0) for name in task.label_names] for task in tasks}
    few = {task: short for task, own in counts.items() if (short := [count for count in own if count < needed])}
    if not few:
        return None
    worst, labels = max(few, key=lambda task: len(few[task])), sum(map(len, counts.values()))
    least = min(map(min, few.values()))
    planned = max(_rows_in_all(len(requests), own, needed) for task, own in counts.items() if task in few)
    return (
        f"{sum(map(len, few.values())):,} of {labels:,} labels have fewer than {needed} planned rows (the fewest: "
        f"{least}), as {len(few[worst])} of {len(counts[worst])} labels of {shown(worst)}. Some have no row in the "
        "test split, so test scores and `evaluate` mean little. Next: plan about "
        f"{planned:,} rows (attribute_sampling.num_examples), or fewer labels"
    )


def _rows_in_all(rows: int, of_labels: Sequence[int], needed: int) -> int:
    """Rows of a plan with as many as needed of each label of a task: by its least frequent label, and by its mean.

    The mean counts where few rows are planned, as for labels of which the plan has none yet.
    """
    least, mean = max(1, min(of_labels)), max(1, sum(of_labels)) / len(of_labels)
    return ceil(rows * needed / min(least, mean))
