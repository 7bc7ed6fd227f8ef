"""Agreement of a judge with the labels of rows that have several: for the exact set, and for each label."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synthetic_textcat.pipelines.quality_report.ledger import Metrics
from synthetic_textcat.pipelines.quality_report.signals.corpus import SignalResult
from synthetic_textcat.pipelines.quality_report.signals.judged_rows import JudgedCounts
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.intervals import wilson_interval

MOST_LISTED = 100
_DIGITS = 4


def set_agreement(found: JudgedCounts, tasks: Sequence[Task]) -> SignalResult:
    """Agreement on rows with several labels; nothing without a judged one.

    The judge answers yes or no for each label of the task. Rows without a majority are left out of all but the counts.

    Metrics:
        label/sets_judged: judged rows with several labels. Unit: rows.
        label/exact_set, label/exact_set_low, label/exact_set_high: rows of which the judge accepts exactly the planned
            labels / these rows, with its 95 % interval (Wilson). Unit: share, 0 to 1, as of all others.
        label/answers, label/answers_low, label/answers_high: answers (row times label) that are as planned / answers.
            The interval takes answers about one row for independent of one another.
        label/confirmed: planned labels that the judge accepts / planned labels.
        label/unplanned: answers yes about labels that were not planned / answers about these.
        label/unplanned_rows: rows with such an answer. Unit: rows.

    Table `unplanned_labels`, at most `MOST_LISTED`, the highest share first: task, label, judged (rows that were not
    planned with the label), unplanned (of these, rows that it fits as well), share, low, high.

    Args:
        found: Counts of all judged rows.
        tasks: Tasks with several labels a text.
    """
    names = [task.task_id for task in tasks]
    cells = found.cells[found.cells["task_id"].isin(names)]
    if not len(cells):
        return SignalResult({})
    lines = [line for task in tasks for line in _by_label(found, task)]
    rows, exact = int(cells["judged"].sum()), int(cells["agrees"].sum())
    planned, confirmed, others, extra = (
        sum(line[name] for line in lines) for name in ("planned", "confirmed", "judged", "unplanned")
    )
    metrics: Metrics = {
        "label/sets_judged": rows,
        **_with_interval("label/exact_set", exact, rows),
        **_with_interval("label/answers", confirmed + others - extra, planned + others),
        "label/confirmed": round(confirmed / planned, _DIGITS) if planned else None,
        "label/unplanned": round(extra / others, _DIGITS) if others else None,
        "label/unplanned_rows": found.extra_rows,
    }
    listed = sorted((line for line in lines if line["judged"]), key=lambda line: -line["share"])[:MOST_LISTED]
    columns = ("task", "label", "judged", "unplanned", "share", "low", "high")
    return SignalResult(metrics, {"unplanned_labels": [{name: line[name] for name in columns} for line in listed]})


def _by_label(found: JudgedCounts, task: Task) -> Iterator[Mapping[str, Any]]:
    """Decided rows of a task by label: planned with it, of these confirmed, and those planned without it."""
    cells = found.cells[found.cells["task_id"] == task.task_id]
    decided = int((cells["judged"] - cells["undecided"]).sum())
    own = found.of_labels[(found.of_labels["task_id"] == task.task_id) & found.of_labels["verdict"].notna()]
    counts = own.groupby("label")[["judged", "agrees"]].sum().T.to_dict("list")
    for label in task.label_names:
        planned, confirmed = counts.get(label, (0, 0))
        others, extra = decided - planned, found.extra[task.task_id, label]
        low, high = wilson_interval(extra / others, others) if others else (None, None)
        yield {
            "task": task.task,
            "label": label,
            "planned": planned,
            "confirmed": confirmed,
            "judged": others,
            "unplanned": extra,
            "share": extra / others if others else None,
            "low": low,
            "high": high,
        }


def _with_interval(name: str, hits: int, rows: int) -> Metrics:
    """A share with both ends of its interval."""
    if not rows:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    values = (hits / rows, *wilson_interval(hits / rows, rows))
    return {f"{name}{end}": round(value, _DIGITS) for end, value in zip(("", "_low", "_high"), values, strict=True)}
