"""What the plan comes to, before any money is spent."""

from collections.abc import Sequence

import pandas as pd

from synthetic_textcat.schemas.seed_examples import planned_alike, texts_shown
from synthetic_textcat.schemas.tasks import Task

PlanReport = dict[str, int]


def report_on(requests: pd.DataFrame, tasks: Sequence[Task], num_seed_examples: int) -> PlanReport:
    """Counts of the plan, in rows.

    Args:
        requests: The plan.
        tasks: Those with seed examples; others may be among them.
        num_seed_examples: How many a prompt shows.

    Returns:
        `plan/rows`; `plan/tasks`, those that have a row; `plan/repeated_prompts`, the rows whose prompt is that of an
        earlier row, since task, attributes, labels and seed examples are the same.
    """
    prompts = requests[["task_id", *planned_alike(requests)]]
    if shown := texts_shown(requests, tasks, num_seed_examples):
        prompts = prompts.assign(texts_shown=requests["request_id"].map(shown))
    return {
        "plan/rows": len(requests),
        "plan/tasks": int(requests["task_id"].nunique()),
        "plan/repeated_prompts": int(prompts.duplicated().sum()),
    }
