"""Counts of the plan: rows, tasks, and rows whose prompt is that of an earlier row."""

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.streams import Ints
from synthetic_textcat.schemas.label_sets import LABELS, has_multi_label, label_set_codes
from synthetic_textcat.schemas.seed_examples import SeedTurns, planned_alike
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable

PlanReport = dict[str, int]


def report_on(requests: RowTable, tasks: pd.DataFrame, num_seed_examples: int) -> PlanReport:
    """Counts of the plan, in rows.

    Prompts are compared by hashes of 8 bytes: among ten million rows two different ones are taken for the same with a
    probability of 3e-6.

    Args:
        requests: The plan.
        tasks: Its tasks.
        num_seed_examples: How many a prompt shows.

    Returns:
        `plan/rows`; `plan/tasks`, those that have a row; `plan/repeated_prompts`, the rows whose prompt is that of an
        earlier row, since task, attributes, labels and seed examples are the same.
    """
    turns = SeedTurns(tasks_of(tasks[tasks["seed_examples"].map(len) > 0]), num_seed_examples)
    has_several = has_multi_label(tasks)
    columns = ["task_id", *planned_alike(requests), *([LABELS] if has_several else [])]
    prompts, planned, start = np.empty(len(requests), np.uint64), [np.empty(0, np.uint64)], 0
    for rows in requests.frames(columns):
        frame = rows.assign(**{LABELS: label_set_codes(rows)}) if has_several else rows
        alike = frame.assign(shown=turns.selections(frame)) if turns.tasks else frame
        prompts[start : start + len(frame)] = hashes_of(alike)
        planned.append(np.unique(hashes_of(frame[["task_id"]])))
        start += len(frame)
    prompts.sort()
    return {
        "plan/rows": len(requests),
        "plan/tasks": len(np.unique(np.concatenate(planned))),
        "plan/repeated_prompts": int((prompts[1:] == prompts[:-1]).sum()),
    }


def hashes_of(frame: pd.DataFrame) -> Ints:
    """A hash of 64 bits of the values of each row."""
    return pd.util.hash_pandas_object(frame, index=False).to_numpy()
