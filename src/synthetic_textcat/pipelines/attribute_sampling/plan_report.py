"""Report of the plan: its counts, and labels with too few rows for the splits, and with them for an evaluation."""

from math import ceil

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.streams import Ints
from synthetic_textcat.schemas.label_sets import LABELS, has_multi_label, label_set_codes
from synthetic_textcat.schemas.parameters import SplitShares
from synthetic_textcat.schemas.seed_examples import SeedTurns, planned_alike
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable

PlanReport = dict[str, int]

_BLOCK = 10
"""Rows of a label that are dealt to the splits at once (`pipelines/export/splits.py`): each split gets its share."""


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
    turns = SeedTurns(tasks_of(tasks), num_seed_examples)
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


def warning_about_splits(requests: RowTable, tasks: pd.DataFrame, shares: SplitShares) -> str | None:
    """The line about labels with fewer planned rows than a test split needs; None if there are none, or no such split.

    Args:
        requests: The plan.
        tasks: Its tasks, as in the table `tasks`.
        shares: Share of each split.
    """
    if not shares.test:
        return None
    needed = max(_BLOCK, ceil(1 / shares.test))
    known = tasks_of(tasks).with_labels(more_than=0)
    if not len(known):
        return None
    sizes = known.label_counts
    of_tasks = pd.DataFrame({"task_id": pd.array(known.ids, dtype="str").repeat(sizes), "label": known.label_names})
    counts = _rows_of(requests, of_tasks, has_several=has_multi_label(tasks))
    starts, is_few = np.cumsum(sizes) - sizes, counts < needed
    if not is_few.any():
        return None
    few, fewest = np.add.reduceat(is_few, starts, dtype=np.int64), np.minimum.reduceat(counts, starts)
    means = np.maximum(np.add.reduceat(counts, starts), 1) / sizes
    worst, short = int(few.argmax()), few > 0
    planned = _rows_in_all(len(requests), fewest[short], means[short], needed)
    sentence = shown(known.sentences[worst])
    return (
        f"{few.sum():,} of {len(counts):,} labels have fewer than {needed} planned rows (the fewest: "
        f"{fewest.min()}), as {few[worst]} of {sizes[worst]} labels of {sentence}. Some have no row in the test split, "
        f"so test scores and `evaluate` mean little. Next: plan about {planned:,} rows "
        "(attribute_sampling.num_examples), or fewer labels"
    )


def _rows_of(requests: RowTable, labels: pd.DataFrame, *, has_several: bool) -> Ints:
    """Planned rows of each label of a task, found by hashes of 8 bytes; a row with several counts for each of them."""
    hashes = hashes_of(labels)
    order = np.argsort(hashes)
    sought, counts = hashes[order], np.zeros(len(labels), np.int64)
    for planned in requests.frames(["task_id", LABELS if has_several else "label"]):
        frame = planned.explode(LABELS).rename(columns={LABELS: "label"}) if has_several else planned
        found, rows = np.unique(hashes_of(frame), return_counts=True)
        places = np.minimum(np.searchsorted(sought, found), len(sought) - 1)
        is_known = sought[places] == found
        counts[order[places[is_known]]] += rows[is_known]
    return counts


def _rows_in_all(rows: int, fewest: Ints, means: Ints, needed: int) -> int:
    """Rows of a plan with as many as needed of each label of some tasks: by the least frequent label, and by the mean.

    The mean counts where few rows are planned, as for labels of which the plan has none yet.
    """
    return ceil(rows * needed / float(np.minimum(np.maximum(fewest, 1), means).min()))
