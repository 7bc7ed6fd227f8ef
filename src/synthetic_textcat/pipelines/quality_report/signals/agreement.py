"""Agreement of a judge with the labels, by task, label and attribute, with Wilson intervals; the rows in dispute."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.pipelines.quality_report.ledger import Metrics
from synthetic_textcat.pipelines.quality_report.signals.corpus import WORST, SignalResult, WorstRow, slug
from synthetic_textcat.pipelines.quality_report.signals.label_confusion import confusion_matrix, mixed_up_pairs
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.model_names import is_same_model
from synthetic_textcat.schemas.quota import counted
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of, plain, records_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.intervals import wilson_interval

MIN_JUDGED_ROWS = 20
"""Minimum judged rows of a task or an attribute value for a metric of its own."""

MOST_LISTED = 100
_OF_ROWS = ["request_id", "task_id", "task", "input_text", "label", "misleading_label", "model_name"]
_COUNTS = ["judged", "agrees", "ambiguous", "undecided"]
_DIGITS = 4


def label_agreement(
    ends: Sequence[pd.DataFrame], verdicts: pd.DataFrame | None, tasks: Mapping[str, Task], unjudged: int = 0
) -> SignalResult:
    """Agreement of the judge's verdicts with the labels, on all judged rows, rejected ones included.

    Where disputed rows are rejected, the accepted ones would agree by definition: so all rows with a verdict count.
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

    Tables, each with judged, agrees, ambiguous, undecided (rows), agreement, low, high (shares):
        agreement: one line for all judged rows, with the judge's name.
        agreement_by_task, agreement_by_label (task and label, closed label sets), agreement_by_attribute (attribute,
        value): at most `MOST_LISTED`, the lowest agreement first; groups of fewer than `MIN_JUDGED_ROWS` rows last.
    Tables of `label_confusion`: `label_confusion`, `mixed_up_labels`.

    Worst:
        disputes: rows whose verdict is another label, those with the most votes first.
        ambiguous: rows of which the judge accepts both labels, likewise.

    Args:
        ends: Tables of candidates by outcome: `examples`, `surplus`, `rejected`.
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
        tasks: By task id.
        unjudged: Number of rows that were to be judged and have no verdict.
    """
    rows, values = judged_rows(ends, verdicts)
    if rows.empty:
        return SignalResult({"label/judged": 0, "label/unjudged": unjudged} if unjudged else {})
    closed = rows[rows["task_id"].map({task_id: bool(task.labels) for task_id, task in tasks.items()}).eq(True)]
    by_task, by_label = _grouped(rows, ["task_id"]), _grouped(closed, ["task_id", "label"])
    by_attribute = [_grouped(rows, [values[name].rename("value")]).assign(attribute=str(name)) for name in values]
    sentences = dict(zip(rows["task_id"], rows["task"], strict=True))
    metrics = _metrics(rows) | {"label/unjudged": unjudged} | _metrics_of_groups("task", by_task["task_id"], by_task)
    for name, groups in zip(values, by_attribute, strict=True):
        metrics |= _metrics_of_groups(str(name), groups["value"], groups)
    return SignalResult(
        metrics,
        {
            "agreement": [{"judge": ", ".join(sorted(rows["judge"].dropna().unique())), **_line(rows)}],
            "agreement_by_task": _listed(by_task, sentences),
            "agreement_by_label": _listed(by_label, sentences),
            "agreement_by_attribute": _listed(pd.concat(by_attribute, ignore_index=True), sentences),
            "label_confusion": confusion_matrix(rows, tasks),
            "mixed_up_labels": mixed_up_pairs(closed),
        },
        {"disputes": _disputes(rows), "ambiguous": _ambiguous(rows)},
    )


class JudgedRows(NamedTuple):
    """The candidates that have a verdict, in their order.

    Attributes:
        rows: `_OF_ROWS`; verdict, votes, agrees, ambiguous; judge, the name of its model; undecided (the votes have no
            majority) and disputed (the verdict is another label).
        values: Their attributes, user-defined ones included. A table of its own, since their names may be any.
    """

    rows: pd.DataFrame
    values: pd.DataFrame


def judged_rows(ends: Sequence[pd.DataFrame], verdicts: pd.DataFrame | None) -> JudgedRows:
    """Joins candidates and verdicts.

    Args:
        ends: As of `label_agreement`.
        verdicts: Columns `LABEL_VERDICTS`, or None.
    """
    values = [*ATTRIBUTES, *own_of(ends[0])]
    if verdicts is None or verdicts.empty:
        return JudgedRows(ends[0][_OF_ROWS].head(0), ends[0][values].head(0))
    candidates = pd.concat(ends, ignore_index=True)
    places = pd.Index(verdicts["request_id"]).get_indexer(pd.Index(candidates["request_id"]))
    judged = candidates[places >= 0].reset_index(drop=True)
    found = verdicts.iloc[places[places >= 0]].reset_index(drop=True)
    rows = judged[_OF_ROWS].assign(
        **{name: found[name] for name in ("verdict", "votes", "agrees", "ambiguous")},
        judge=found["model_name"],
        undecided=found["verdict"].isna(),
        disputed=found["verdict"].notna() & ~found["agrees"],
    )
    return JudgedRows(rows, judged[values])


def _metrics(rows: pd.DataFrame) -> Metrics:
    line = _line(rows)
    pairs = rows.groupby(["judge", "model_name"]).size().reset_index(name="rows")
    is_own = [is_same_model(judge, writer) for judge, writer in zip(pairs["judge"], pairs["model_name"], strict=True)]
    return {
        "label/judged": len(rows),
        "label/disputed": int(rows["disputed"].sum()),
        "label/undecided": line["undecided"],
        "label/ambiguous": line["ambiguous"],
        "label/judged_by_writer": int(pairs.loc[is_own, "rows"].sum()),
        "label/agreement": line["agreement"],
        "label/agreement_low": line["low"],
        "label/agreement_high": line["high"],
        "label/ambiguous_share": round(line["ambiguous"] / len(rows), _DIGITS),
    }


def _metrics_of_groups(attribute: str, names: "pd.Series[str]", groups: pd.DataFrame) -> Metrics:
    enough = groups["judged"] >= MIN_JUDGED_ROWS
    shown = (find_language(name).code if attribute == "language" else name for name in names[enough])
    return {
        f"label/agreement/{attribute}/{slug(name)}": float(share)
        for name, share in zip(shown, groups.loc[enough, "agreement"], strict=True)
    }


def _grouped(rows: pd.DataFrame, by: "Sequence[str | pd.Series[str]]") -> pd.DataFrame:
    """Counts and shares of each group, columns `by` and those of `_with_shares`; rows without a value are left out."""
    counts = rows.assign(judged=1).groupby(list(by), sort=True)[_COUNTS].sum().astype("int64")
    return _with_shares(counts.reset_index())


def _line(rows: pd.DataFrame) -> dict[str, Any]:
    counts = rows.assign(judged=1)[_COUNTS].sum().astype("int64")
    return next(records_of(_with_shares(counts.to_frame().T)))


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


def _disputes(rows: pd.DataFrame) -> list[WorstRow]:
    disputed = _most_votes(rows[rows["disputed"]])
    details = (
        f"judged {verdict!r} by {counted(votes, 'vote')}{', which accept the label too' if ambiguous else ''}"
        for verdict, votes, ambiguous in zip(disputed["verdict"], disputed["votes"], disputed["ambiguous"], strict=True)
    )
    return _worst_rows(disputed, details)


def _ambiguous(rows: pd.DataFrame) -> list[WorstRow]:
    ambiguous = _most_votes(rows[rows["ambiguous"]])
    details = (
        f"judged {'undecided' if verdict is None else repr(verdict)} by {counted(votes, 'vote')}; fits "
        f"{label!r} and {other!r}"
        for verdict, votes, label, other in zip(
            plain(ambiguous["verdict"]),
            ambiguous["votes"],
            ambiguous["label"],
            ambiguous["misleading_label"],
            strict=True,
        )
    )
    return _worst_rows(ambiguous, details)


def _most_votes(rows: pd.DataFrame) -> pd.DataFrame:
    """The most certain verdicts: most votes, then those that accept one label only, then the order of the ids."""
    return rows.sort_values(["votes", "ambiguous", "request_id"], ascending=[False, True, True]).head(WORST)


def _worst_rows(rows: pd.DataFrame, details: Iterable[str]) -> list[WorstRow]:
    return [
        WorstRow(request_id=request_id, detail=detail)
        for request_id, detail in zip(rows["request_id"], details, strict=True)
    ]
