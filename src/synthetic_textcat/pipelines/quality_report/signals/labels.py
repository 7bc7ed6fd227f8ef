"""Label signals: balance and entropy, variant spellings, labels made by the model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus, SignalResult
from synthetic_textcat.pipelines.quality_report.signals.label_sets import set_balance
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.text.label_samples import Codes, LabelRows

ENOUGH = 5
"""Minimum rows per label for a meaningful entropy of a task."""

_MOST_LISTED = 50
_COLUMNS = ["task", "label", "like", "rows"]
MOST_LISTED = 20


def label_balance(corpus: Corpus) -> SignalResult:
    """Label balance of each task: normalised entropy, majority share and label variants.

    Entropy is normalised: -sum(p ln p) / ln k over the labels' shares p of the task's rows (Shannon), where k is the
    size of the label set, or the number of generated labels of an open task; 0 (one label) to 1 (even), null for k < 2.
    With fewer rows than labels it can't reach 1. With several labels a text a row counts in each of its labels.
    Metrics: `labels/entropy` (mean over tasks with k > 1, by their rows), `labels/entropy_lowest` (of tasks
    with `ENOUGH` rows per label: few rows are never even), `labels/variants`
    (labels of open tasks that repeat another label in other case or number, see `label_variants`),
    `labels/misleading_reused` (share of the rows with one label whose misleading label is the label of another row of
    the task),
    `labels/per_task` (median number of distinct labels of a task).
    Tables: `label_balance` (task, rows, labels, entropy, majority_share, variants; the lowest entropy first),
    `label_variants` (task, label, like, rows; the most rows first), `task_sizes` (rows_from, rows_to, tasks: histogram
    of tasks by rows; each bin is twice as wide as the last).
    """
    rows = corpus.label_rows
    set_sizes = np.array([_set_size(corpus, task_id) for task_id in rows.task_ids], dtype=np.int64)
    variants = label_variants(rows, np.flatnonzero(set_sizes == 0))
    tasks = _by_task(rows, set_sizes, variants)
    if len(corpus.set_rows.places):
        tasks = pd.concat([tasks, set_balance(corpus)], ignore_index=True)
    named = variants.assign(task=_named(rows, variants["task"]))
    least_even = tasks.sort_values("entropy", kind="stable").drop(columns="possible")
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "label_balance": list(records_of(least_even.head(_MOST_LISTED))),
        "label_variants": list(records_of(named.head(_MOST_LISTED))),
        "task_sizes": _sizes(tasks["rows"].to_numpy()),
    }
    return SignalResult(_metrics(rows, tasks, len(variants)), tables)


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
    used = rows.pair(rows.counts["task"].to_numpy(), rows.counts["label"].to_numpy())
    reused = np.isin(rows.pair(rows.task, rows.misleading), used)
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


def label_variants(rows: LabelRows, open_tasks: Codes) -> pd.DataFrame:
    """Label variants, most rows first: task (code), label, like (the label it varies), rows (of the variant).

    A spelling variant differs from the most frequent spelling in case, white space or Unicode form only. A number
    variant is another label plus s or es, or with ies for y. This rule is for English: plurals of other languages are
    missed, and a pair such as new and news is reported.
    """
    both = pd.concat([_in_spelling(rows, open_tasks), _in_number(rows, open_tasks)], ignore_index=True)
    return both.sort_values("rows", ascending=False, kind="stable", ignore_index=True)


def _in_spelling(rows: LabelRows, open_tasks: Codes) -> pd.DataFrame:
    of_task = rows.spelling_counts
    of_task = of_task[of_task["task"].isin(open_tasks)]
    counts = of_task.assign(key=rows.spelling_labels[of_task["spelling"]])[["task", "key", "spelling", "rows"]]
    counts = counts.sort_values(["task", "key", "spelling"], ignore_index=True)
    several = counts[counts.duplicated(["task", "key"], keep=False)]
    names = np.array(rows.spellings, dtype=object)
    named = several.assign(label=names[several["spelling"]])
    ordered = named.sort_values(["task", "key", "rows", "label"], ascending=[True, True, False, True])
    of_key = ordered.groupby(["task", "key"])
    return ordered.assign(like=of_key["label"].transform("first"))[of_key.cumcount() > 0][_COLUMNS]


def _in_number(rows: LabelRows, open_tasks: Codes) -> pd.DataFrame:
    counts = rows.counts[rows.counts["task"].isin(open_tasks)]
    pairs = _plurals(rows, counts["label"].unique())
    plural = counts.merge(pairs, left_on="label", right_on="plural")
    singulars = rows.pair(plural["task"].to_numpy(), plural["singular"].to_numpy())
    used = rows.pair(counts["task"].to_numpy(), counts["label"].to_numpy())
    own = plural[np.isin(singulars, used)].drop_duplicates(["task", "plural"])
    names = np.array(rows.names, dtype=object)
    return own.assign(label=names[own["plural"]], like=names[own["singular"]])[_COLUMNS]


def _plurals(rows: LabelRows, labels: Codes) -> pd.DataFrame:
    """Pairs of plural and singular labels, as integer codes."""
    number = {rows.keys[label]: label for label in labels.tolist()}
    pairs = [
        (plural, number[singular])
        for name, plural in number.items()
        if name.endswith("s")
        for singular in _singulars(name)
        if singular in number
    ]
    return pd.DataFrame(pairs, columns=["plural", "singular"], dtype=np.int64)


def _singulars(plural: str) -> list[str]:
    found = [plural[:-1]]
    if plural.endswith("es"):
        found.append(plural[:-2])
    if plural.endswith("ies"):
        found.append(plural[:-3] + "y")
    return found


def open_labels(corpus: Corpus) -> SignalResult:
    """Number of labels with distinct comparison forms that the model invented in open tasks.

    Metrics: `labels/open_tasks` (planned tasks without a label set), `labels/made` (sum of their distinct labels).
    Table `open_labels`: task, labels, rows, for the tasks with the most distinct labels.
    """
    open_tasks = _open_tasks(corpus)
    rows = corpus.label_rows
    of_task = rows.counts.groupby("task")["rows"]
    counts = pd.DataFrame({"task": rows.tasks, "labels": of_task.size(), "rows": of_task.sum()})
    made = counts[np.isin(np.array(rows.task_ids, object), list(open_tasks))]
    most = made.sort_values("labels", ascending=False, kind="stable").head(MOST_LISTED)
    return SignalResult(
        {"labels/open_tasks": len(open_tasks), "labels/made": int(made["labels"].sum())},
        {"open_labels": list(records_of(most))},
    )


def _open_tasks(corpus: Corpus) -> set[str]:
    """Planned tasks without a label set; surplus rows do not count as planned."""
    is_surplus = corpus.ends.has_outcome("surplus")
    found: set[str] = set()
    start = 0
    for frame in corpus.requests.frames(["task_id", "labels"]):
        is_open = frame["labels"].isna().to_numpy() & ~is_surplus[start : start + len(frame)]
        found.update(frame["task_id"][is_open].unique())
        start += len(frame)
    return found
