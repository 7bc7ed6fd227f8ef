"""Plan of rows: allocation of rows to tasks, drawn attributes, and counts of repeated prompts."""

import json
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_textcat.pipelines.attribute_sampling.deduplicate_plan import combinations_of
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, ranges
from synthetic_textcat.pipelines.attribute_sampling.task_rows import TaskRows
from synthetic_textcat.schemas.attributes import names_in_order
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.seed_examples import planned_alike, texts_shown
from synthetic_textcat.schemas.tasks import tasks_of

PlanReport = dict[str, int]


def plan_rows(tasks: pd.DataFrame, sampling: AttributeSamplingParameters, seed: int) -> pd.DataFrame:
    """The plan, columns `REQUESTS` with own attributes after `num_words`.

    Tasks take their turns in the order of their ids, so that the order of the file moves no row; a longer plan begins
    with the shorter one.
    """
    tasks = by_id(tasks)
    task, replicate = deal(tasks["weight"].to_numpy(), sampling.num_examples)
    counts = np.bincount(task, minlength=len(tasks))
    places = (np.cumsum(counts) - counts).astype(np.int32)[task] + replicate
    del task, replicate
    return TaskRows(tasks, counts, sampling, own_attributes(tasks, sampling), seed).table(places)


def deal(weights: Ints, rows: int) -> tuple[Ints, Ints]:
    """The task of each row in order, and the row's number within it: rows go to the task furthest behind its weight.

    Replicate r of a task of weight w stands at (2r + 1) / w, ties by the tasks' order: Sainte-Lague's rule. So a longer
    plan begins with the shorter one, and tasks of equal weights get the same number to within one.
    """
    reach = (2 * rows + len(weights)) / weights.sum()  # up to here there are as many rows at least
    counts = np.floor((reach * weights + 1) / 2).astype(np.int64) + 1
    task, replicate = np.repeat(np.arange(len(weights), dtype=np.int32), counts), ranges(counts)
    order = np.lexsort((task, (2 * replicate + 1) / weights[task]))[:rows]
    return task[order], replicate[order]


def by_id(tasks: pd.DataFrame) -> pd.DataFrame:
    """The tasks in the order of the plan."""
    return tasks.sort_values("task_id", ignore_index=True)


def own_attributes(tasks: pd.DataFrame, sampling: AttributeSamplingParameters) -> tuple[str, ...]:
    """The names of all own attributes: of the parameters, the tasks and their labels."""
    choices = [json.loads(text) for text in tasks["attributes"].unique()]
    of_labels = [label for task in choices for label in task.get("labels", {}).values()]
    return names_in_order(sampling.extra, [choice.get("extra", {}) for choice in (*choices, *of_labels)])


def report_on(requests: pd.DataFrame, tasks: pd.DataFrame, num_seed_examples: int) -> PlanReport:
    """Counts of the plan, in rows.

    Args:
        requests: The plan.
        tasks: Its tasks.
        num_seed_examples: How many a prompt shows.

    Returns:
        `plan/rows`; `plan/tasks`, those that have a row; `plan/repeated_prompts`, the rows whose prompt is that of an
        earlier row, since task, attributes, labels and seed examples are the same.
    """
    shown = np.full(len(requests), -1, np.int32)
    for task in tasks_of(tasks[tasks["seed_examples"].map(len) > 0]):
        rows = np.flatnonzero(requests["task_id"] == task.task_id)
        own = requests.iloc[rows]
        shown[rows] = pd.factorize(own["request_id"].map(texts_shown(own, [task], num_seed_examples)))[0]
    columns = (_encoded(requests[name]) for name in ("task_id", *planned_alike(requests)))
    prompts = combinations_of(chain([shown] if (shown >= 0).any() else [], columns), len(requests))
    prompts.sort()
    return {
        "plan/rows": len(requests),
        "plan/tasks": int(requests["task_id"].nunique()),
        "plan/repeated_prompts": int((prompts[1:] == prompts[:-1]).sum()),
    }


def _encoded(column: "pd.Series[str]") -> Ints:
    """The number of each value among the distinct ones, -1 for none; takes half the memory of `pandas.factorize`."""
    encoded = pa.Table.from_pandas(column.to_frame(), preserve_index=False)[0].dictionary_encode()
    return np.concatenate([chunk.indices.fill_null(-1).to_numpy() for chunk in encoded.chunks])
