"""Agreement of a judge with labels and sets of labels, by task, label and attribute; the rows in dispute.

Intervals are Wilson's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.quality_report.signals.corpus import WORST, SignalResult, WorstRow, slug
from synthetic_textcat.pipelines.quality_report.signals.judged_rows import COUNTS, JudgedCounts, Verdicts
from synthetic_textcat.pipelines.quality_report.signals.judged_sets import lines_by_label
from synthetic_textcat.pipelines.quality_report.signals.label_confusion import confusion_matrix, mixed_up_pairs
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.label_sets import label_set_of
from synthetic_textcat.schemas.label_verdicts import set_difference
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.model_names import is_same_model
from synthetic_textcat.schemas.quota import counted
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable
from synthetic_textcat.text.intervals import wilson_interval

MIN_JUDGED_ROWS = 20
"""Minimum judged rows of a task or an attribute value for a metric of its own."""

MOST_LISTED = 100
_DIGITS = 4


def label_agreement(
    ends: Sequence[RowTable], verdicts: RowTable | None, tasks: Mapping[str, Task], unjudged: int = 0
) -> SignalResult:
    """Agreement of the judge's verdicts with the labels, on all judged rows, rejected ones included.

    Where disputed rows are rejected, the accepted ones would agree by definition: so all rows with a verdict count.
    A row with several labels agrees if the judge accepts exactly its labels.
    Nothing is measured without a verdict and a row that was to have one.

    Metrics:
        label/judged: rows with a verdict. Unit: rows, as of the next five.
        label/disputed: rows whose verdict is another label, or none of the label set.
        label/undecided: rows whose votes have no majority. Judged = agreed + disputed + undecided.
        label/ambiguous: rows of which the judge accepts label and misleading label, whichever it prefers.
        label/unjudged: rows that were to be judged and have no verdict.
        label/judged_by_writer: rows whose judge is the model that wrote them.
        label/agreement: rows whose verdict is their label, or both of them where the label set is open / judged rows.
            Unit: share, 0 to 1, as of the following.
        label/agreement_low, label/agreement_high: its 95 % interval (Wilson 1927): sampling error of the rows.
        label/agreement/task/<task_id>, label/agreement/<attribute>/<value>: the same of a task, language (its code),
            difficulty, …, with `MIN_JUDGED_ROWS` judged rows or more.
        label/ambiguous_share: ambiguous / judged rows.
    And those of `_set_agreement`, of tasks with several labels a text.

    Tables, each with judged, agrees, ambiguous, undecided (rows), agreement, low, high (shares):
        agreement: one line for all judged rows, with the judge's name.
        agreement_by_task, agreement_by_label (task and label, closed label sets; with several labels a text a row
        counts in each of its labels, and agrees if the judge accepts the label), agreement_by_attribute (attribute,
        value): at most `MOST_LISTED`, the lowest agreement first; groups of fewer than `MIN_JUDGED_ROWS` rows last.
    Tables of `label_confusion`: `label_confusion`, `mixed_up_labels`.

    Worst:
        disputes: rows whose verdict is another label, those with the most votes first.
        ambiguous: rows of which the judge accepts both labels, likewise.
        unplanned: rows with several labels of which the judge accepts another label as well, likewise.

    Args:
        ends: Tables of candidates by outcome: `examples`, `surplus`, `rejected`.
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
        tasks: By task id.
        unjudged: Number of rows that were to be judged and have no verdict.
    """
    judged = None if verdicts is None else Verdicts(verdicts)
    found = JudgedCounts.of(judged.joined(ends) if judged else (), tasks, WORST)
    cells = found.cells
    if judged is None or cells.empty:
        return SignalResult({"label/judged": 0, "label/unjudged": unjudged} if unjudged else {})
    several = [task_id for task_id, task in tasks.items() if task.task_type == "multi_label"]
    of_one = cells[~cells["task_id"].isin(several)]
    by_own_label = pd.concat([of_one, found.of_labels], ignore_index=True) if len(found.of_labels) else of_one
    closed = by_own_label[by_own_label["task_id"].isin([task_id for task_id, task in tasks.items() if task.labels])]
    by_task, by_label = _grouped(cells, ["task_id"]), _grouped(closed, ["task_id", "label"])
    line, of_values = _line(cells), _by_attribute(found.by_value)
    metrics = _metrics(found, line) | {"label/unjudged": unjudged}
    metrics |= _metrics_of_groups("task", by_task["task_id"], by_task)
    for name in found.by_value:
        groups = of_values[of_values["attribute"] == name]
        metrics |= _metrics_of_groups(name, groups["value"], groups)
    judges = sorted(found.writers["judge"].dropna().unique())
    of_sets = _set_agreement(found, [tasks[task_id] for task_id in several])
    return SignalResult(
        metrics | of_sets.metrics,
        {
            "agreement": [{"judge": ", ".join(judges), **line}],
            "agreement_by_task": _listed(by_task, found.sentences),
            "agreement_by_label": _listed(by_label, found.sentences),
            "agreement_by_attribute": _listed(of_values, found.sentences),
            "label_confusion": confusion_matrix(by_own_label, tasks, found.sentences),
            "mixed_up_labels": mixed_up_pairs(
                closed, found.accepted_pairs, lambda: lines_by_label(judged.joined(ends), several), found.sentences
            ),
            **of_sets.tables,
        },
        {
            "disputes": _worst_rows(found.disputes[0], map(_dispute, records_of(found.disputes[0]))),
            "ambiguous": _worst_rows(found.ambiguous[0], map(_ambiguity, records_of(found.ambiguous[0]))),
            **_unplanned(found),
        },
    )


def _set_agreement(found: JudgedCounts, tasks: Sequence[Task]) -> SignalResult:
    """Agreement on rows with several labels, set by set and label by label; nothing without a judged row.

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
    lines = [line for task in tasks for line in _lines_by_label(found, task)]
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


def _lines_by_label(found: JudgedCounts, task: Task) -> Iterator[Mapping[str, Any]]:
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


def _metrics(found: JudgedCounts, line: Mapping[str, Any]) -> Metrics:
    """Metrics of all judged rows; `line` has their counts and shares."""
    cells, pairs = found.cells, found.writers.dropna()
    is_own = [is_same_model(judge, writer) for judge, writer in zip(pairs["judge"], pairs["model_name"], strict=True)]
    return {
        "label/judged": int(cells["judged"].sum()),
        "label/disputed": int(cells.loc[cells["disputed"], "judged"].sum()),
        "label/undecided": line["undecided"],
        "label/ambiguous": line["ambiguous"],
        "label/judged_by_writer": int(pairs.loc[is_own, "judged"].sum()),
        "label/agreement": line["agreement"],
        "label/agreement_low": line["low"],
        "label/agreement_high": line["high"],
        "label/ambiguous_share": round(line["ambiguous"] / line["judged"], _DIGITS),
    }


def _metrics_of_groups(attribute: str, names: "pd.Series[str]", groups: pd.DataFrame) -> Metrics:
    enough = groups["judged"] >= MIN_JUDGED_ROWS
    shown = (find_language(name).code if attribute == "language" else name for name in names[enough])
    return {
        f"label/agreement/{attribute}/{slug(name)}": float(share)
        for name, share in zip(shown, groups.loc[enough, "agreement"], strict=True)
    }


def _grouped(counts: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Counts and shares of each group, columns `by` and those of `_with_shares`; rows without a value are left out."""
    return _with_shares(counts.groupby(by, sort=True)[COUNTS].sum().reset_index())


def _by_attribute(by_value: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Counts and shares by attribute and value; each value has one line of counts already."""
    parts = [counts.dropna(subset=["value"]).sort_values("value") for counts in by_value.values()]
    lines = _with_shares(pd.concat(parts, ignore_index=True))
    return lines.assign(attribute=np.repeat([*by_value], [*map(len, parts)]))


def _line(counts: pd.DataFrame) -> dict[str, Any]:
    return next(records_of(_with_shares(counts[COUNTS].sum().to_frame().T)))


def _with_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts with agreement and its interval."""
    agreement = counts["agrees"] / counts["judged"]
    intervals = [wilson_interval(share, rows) for share, rows in zip(agreement, counts["judged"], strict=True)]
    ends = pd.DataFrame(intervals, columns=["low", "high"], index=counts.index, dtype="float64").round(_DIGITS)
    return counts.assign(agreement=agreement.round(_DIGITS), low=ends["low"], high=ends["high"])


def _listed(groups: pd.DataFrame, sentences: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Lines of a table, the lowest agreement first; groups with few rows last."""
    few = groups["judged"] < MIN_JUDGED_ROWS
    lines = groups.assign(few=few).sort_values(["few", "agreement"], kind="stable").drop(columns="few")
    if "task_id" in lines:
        lines = lines.assign(task=lines["task_id"].map(sentences))
    return list(records_of(lines.head(MOST_LISTED)))


def _unplanned(found: JudgedCounts) -> dict[str, list[WorstRow]]:
    rows = found.unplanned[0] if found.unplanned else pd.DataFrame()
    return {"unplanned": _worst_rows(rows, map(_dispute, records_of(rows)))} if len(rows) else {}


def _dispute(row: Mapping[str, Any]) -> str:
    votes = f"by {counted(row['votes'], 'vote')}"
    if row["label"] is None:
        return f"the judge {set_difference(row['labels'], label_set_of(row['verdict']))} {votes}"
    too = ", which accept the label too" if row["ambiguous"] else ""
    return f"judged {row['verdict']!r} {votes}{too}"


def _ambiguity(row: Mapping[str, Any]) -> str:
    votes, other = counted(row["votes"], "vote"), row["misleading_label"]
    if row["label"] is None:
        return f"{other!r} fits too by {votes}"
    said = "undecided" if row["verdict"] is None else repr(row["verdict"])
    return f"judged {said} by {votes}; fits {row['label']!r} and {other!r}"


def _worst_rows(rows: pd.DataFrame, details: Iterable[str]) -> list[WorstRow]:
    return [
        WorstRow(request_id=request_id, detail=detail)
        for request_id, detail in zip(rows["request_id"], details, strict=True)
    ]
