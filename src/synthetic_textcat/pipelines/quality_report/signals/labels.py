"""How evenly the labels of a task are used, and how well they are kept apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.label_variants import label_variants
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.text.folds import Codes
from synthetic_textcat.text.label_rows import LabelRows

ENOUGH = 5
"""Rows a label that a task needs for its entropy to say something."""

_MOST_LISTED = 50


def label_balance(corpus: Corpus) -> Measured:
    """Labels of each task by their rows.

    Entropy is normalised: -sum(p ln p) / ln k over the labels' shares p of the task's rows (Shannon), with k the size
    of the label set, or the labels that were made for an open task; 0 (one label) to 1 (even), null for k < 2. Fewer
    rows than labels can't reach 1.
    Metrics: `labels/entropy` (mean over tasks with k > 1, by their rows), `labels/entropy_lowest` (of tasks
    with `ENOUGH` rows a label: few rows are never even), `labels/variants`
    (labels of open tasks that are another one in other case or number, see `label_variants`),
    `labels/misleading_reused` (share of rows whose misleading label is the label of another row of the task),
    `labels/per_task` (median of the different labels a task has).
    Tables: `label_balance` (task, rows, labels, entropy, majority_share, variants; the lowest entropy first),
    `label_variants` (task, label, like, rows; the most rows first), `task_sizes` (rows_from, rows_to, tasks: how many
    tasks have so many rows; each bin is twice as wide as the last).
    """
    rows = corpus.label_rows
    set_sizes = np.array([_set_size(corpus, task_id) for task_id in rows.task_ids], dtype=np.int64)
    variants = label_variants(rows, np.flatnonzero(set_sizes == 0))
    tasks = _by_task(rows, set_sizes, variants)
    named = variants.assign(task=_named(rows, variants["task"]))
    least_even = tasks.sort_values("entropy", kind="stable").drop(columns="possible")
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "label_balance": list(records_of(least_even.head(_MOST_LISTED))),
        "label_variants": list(records_of(named.head(_MOST_LISTED))),
        "task_sizes": _sizes(tasks["rows"].to_numpy()),
    }
    return Measured(_metrics(rows, tasks, len(variants)), tables)


def _set_size(corpus: Corpus, task_id: str) -> int:
    return len(corpus.tasks[task_id].labels) if task_id in corpus.tasks else 0


def _by_task(rows: LabelRows, set_sizes: Codes, variants: pd.DataFrame) -> pd.DataFrame:
    of_task = rows.counts.groupby("task")["rows"]
    share = rows.counts["rows"] / of_task.transform("sum")
    nats = (-share * np.log(share)).groupby(rows.counts["task"]).sum().abs()
    labels = of_task.size()
    possible = pd.Series(np.where(set_sizes > 0, set_sizes, labels), dtype="float64")
    return pd.DataFrame(
        {
            "task": rows.tasks,
            "rows": of_task.sum(),
            "labels": labels,
            "entropy": (nats / np.log(possible.where(possible > 1))).clip(upper=1).round(4),
            "majority_share": share.groupby(rows.counts["task"]).max().round(4),
            "possible": possible,
            "variants": variants.groupby("task").size().reindex(labels.index, fill_value=0),
        }
    )


def _metrics(rows: LabelRows, tasks: pd.DataFrame, variants: int) -> Metrics:
    of_several = tasks.dropna(subset=["entropy"])
    mean = np.average(of_several["entropy"], weights=of_several["rows"]) if len(of_several) else None
    lowest = of_several.loc[of_several["rows"] >= ENOUGH * of_several["possible"], "entropy"].min()
    reused = np.isin(rows.pair(rows.task, rows.misleading), rows.pair(rows.task, rows.label))
    return {
        "labels/entropy": None if mean is None else round(float(mean), 4),
        "labels/entropy_lowest": float(lowest) if pd.notna(lowest) else None,
        "labels/variants": variants,
        "labels/misleading_reused": float(reused.mean()) if len(reused) else None,
        "labels/per_task": float(tasks["labels"].median()) if len(tasks) else None,
    }


def _named(rows: LabelRows, tasks: "pd.Series[int]") -> Sequence[str]:
    return [rows.tasks[task] for task in tasks]


def _sizes(rows: Codes) -> list[Mapping[str, Any]]:
    bins = np.bincount(np.frexp(rows)[1] - 1)  # the exponent of 2, exact
    first = np.flatnonzero(bins)[:1]
    used = range(int(first[0]), len(bins)) if len(first) else ()
    return [{"rows_from": 2**at, "rows_to": 2 ** (at + 1) - 1, "tasks": int(bins[at])} for at in used]
