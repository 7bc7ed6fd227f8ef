"""Label sets of tasks with several labels a text: sizes, labels and pairs of labels, planned and accepted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus, SignalResult
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.tasks import Task

MOST_LISTED = 200
MOST_TASKS = 20
"""Tasks whose pairs of labels are listed, those with the most accepted rows."""

_DIGITS = 4

Sets = Mapping[tuple[str, ...], int]
"""Rows of each label set."""


def label_sets(corpus: Corpus) -> SignalResult:
    """Sizes of label sets, labels and pairs of labels of the rows with several labels; nothing without such a task.

    A row counts in each of its labels. Surplus rows do not count as planned; with a quota the rows that it asks for do.

    Metrics:
        labels/per_text, labels/per_text_planned: labels of a row, the mean of accepted and of planned rows.
        labels/without_label: accepted rows that none of the labels fits / accepted rows, 0 to 1.
        labels/sets: different label sets of accepted rows, over all tasks.
        labels/exact_share: 1 - total variation distance between planned and accepted shares of label sets, the mean
            over tasks by accepted rows: 1 = as planned.

    Tables, the tasks with the most accepted rows first:
        label_set_sizes: task, size (labels of a row), planned, accepted (rows), share_planned, share_accepted.
        label_counts: task, label, planned, accepted (rows), share_planned, share_accepted (of the task's rows),
            accepted_of_planned; at most `MOST_LISTED`.
        label_pairs: task_id, task, one, other, accepted (rows with both labels), planned, expected (rows if labels met
            by chance), of_one, of_other (rows with each), and labels: all labels of the task on its first line, null on
            the others. For `MOST_TASKS` tasks; the labels in the order of the task.
    """
    accepted, planned = corpus.set_rows.counts, corpus.planned_sets
    tasks = sorted(
        (corpus.tasks[task_id] for task_id in corpus.tasks if task_id in planned or task_id in accepted),
        key=lambda task: -sum(accepted.get(task.task_id, {}).values()),
    )
    if not tasks:
        return SignalResult({})
    both = [(task, planned.get(task.task_id, {}), accepted.get(task.task_id, {})) for task in tasks]
    return SignalResult(
        _metrics([own for _, own, _ in both], [own for _, _, own in both]),
        {
            "label_set_sizes": [line for own in both for line in _sizes(*own)][:MOST_LISTED],
            "label_counts": [line for own in both for line in _labels(*own)][:MOST_LISTED],
            "label_pairs": [line for own in both[:MOST_TASKS] for line in _pairs(*own)],
        },
    )


def _metrics(planned: Sequence[Sets], accepted: Sequence[Sets]) -> Metrics:
    rows = sum(sum(own.values()) for own in accepted)
    without = sum(count for own in accepted for labels, count in own.items() if not labels)
    sizes = [sum(own.values()) for own in accepted]
    alike = [_overlap(*own) for own in zip(planned, accepted, strict=True)]
    return {
        "labels/per_text": _mean_size(accepted),
        "labels/per_text_planned": _mean_size(planned),
        "labels/without_label": round(without / rows, _DIGITS) if rows else None,
        "labels/sets": sum(map(len, accepted)),
        "labels/exact_share": round(float(np.average(alike, weights=sizes)), _DIGITS) if rows else None,
    }


def _mean_size(sets: Sequence[Sets]) -> float | None:
    rows = sum(sum(own.values()) for own in sets)
    labels = sum(len(names) * count for own in sets for names, count in own.items())
    return round(labels / rows, _DIGITS) if rows else None


def _overlap(planned: Sets, accepted: Sets) -> float:
    """Common part of the shares of both: 1 less their total variation distance."""
    sums = [sum(own.values()) or 1 for own in (planned, accepted)]
    names = {*planned, *accepted}
    return sum(min(planned.get(name, 0) / sums[0], accepted.get(name, 0) / sums[1]) for name in names)


def rows_by_size(sets: Sets) -> Counter[int]:
    """Rows by number of labels."""
    return _summed((len(labels), rows) for labels, rows in sets.items())


def rows_by_label(sets: Sets) -> Counter[str]:
    """Rows with each label."""
    return _summed((label, rows) for labels, rows in sets.items() for label in labels)


def _summed(counts: Any) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for value, rows in counts:
        found[value] += rows
    return found


def _sizes(task: Task, planned: Sets, accepted: Sets) -> list[Mapping[str, Any]]:
    sides = rows_by_size(planned), rows_by_size(accepted)
    sums = [side.total() for side in sides]
    return [
        {"task": task.task, "size": size, **_shares(*(side[size] for side in sides), *sums)}
        for size in sorted({*sides[0], *sides[1]})
    ]


def _labels(task: Task, planned: Sets, accepted: Sets) -> list[Mapping[str, Any]]:
    sides = rows_by_label(planned), rows_by_label(accepted)
    sums = [sum(own.values()) for own in (planned, accepted)]
    return [
        {
            "task": task.task,
            "label": label,
            **_shares(*(side[label] for side in sides), *sums),
            "accepted_of_planned": sides[1][label] / sides[0][label] if sides[0][label] else None,
        }
        for label in task.label_names
    ]


def _shares(planned: int, accepted: int, all_planned: int, all_accepted: int) -> dict[str, Any]:
    return {
        "planned": planned,
        "accepted": accepted,
        "share_planned": planned / all_planned if all_planned else None,
        "share_accepted": accepted / all_accepted if all_accepted else None,
    }


def _pairs(task: Task, planned: Sets, accepted: Sets) -> list[Mapping[str, Any]]:
    of_label, rows = rows_by_label(accepted), sum(accepted.values())
    found, wanted = (
        _summed((pair, count) for labels, count in sets.items() for pair in combinations(labels, 2))
        for sets in (accepted, planned)
    )
    return [
        {
            "task_id": task.task_id,
            "task": task.task,
            "one": one,
            "other": other,
            "accepted": found[one, other],
            "planned": wanted[one, other],
            "expected": round(of_label[one] * of_label[other] / rows, 1) if rows else None,
            "of_one": of_label[one],
            "of_other": of_label[other],
            "labels": list(task.label_names) if not place else None,
        }
        for place, (one, other) in enumerate(combinations(task.label_names, 2))
    ]


def set_balance(corpus: Corpus) -> pd.DataFrame:
    """Balance of the labels in tasks with several labels a text, in the form of `labels.label_balance`.

    The shares are those of a label among all labels of the task's rows; majority_share is the share of the rows that
    have the most frequent label.
    """
    lines = []
    for task_id, sets in corpus.set_rows.counts.items():
        task, of_label, rows = corpus.tasks[task_id], rows_by_label(sets), sum(sets.values())
        shares = np.array([count for count in of_label.values() if count], float)
        shares /= max(shares.sum(), 1)
        entropy = abs(float(-(shares * np.log(shares)).sum())) / np.log(len(task.labels))
        lines.append(
            {
                "task": task.task,
                "rows": rows,
                "labels": len(shares),
                "entropy": round(min(entropy, 1.0), _DIGITS) if len(shares) else None,
                "majority_share": round(max(of_label.values(), default=0) / rows, _DIGITS),
                "possible": float(len(task.labels)),
                "variants": 0,
            }
        )
    return pd.DataFrame(lines)
