"""Ledger: counts of the planned rows by outcome; rates and stop reasons derived from them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypedDict

from synthetic_textcat.pipelines.quality_report.row_ends import NOT_RUN, End, RowEnds
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.outcomes import (
    CONTENT_CAUSES,
    FAILURE_CAUSES,
    NO_REPLY_CAUSES,
    REJECT_REASONS,
    TRANSPORT_CAUSES,
)
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import plus, reaches
from synthetic_textcat.schemas.stops import PausedTask, Stops
from synthetic_textcat.tables import RowTable

_CANDIDATES = ("accepted", "surplus", "rejected")
ANSWERED, CANDIDATES = "rows/answered", "rows/candidates"
"""Numbers of rows that rates are measured on, where these are not those of the whole ledger (`without_paused`)."""


class Ledger(TypedDict):
    """Counts of rows by outcome: planned = accepted + rejected + failed + not_run + surplus.

    Surplus rows are good rows beyond the quota of their cell. `in_batch` counts those of the rows not run that are in a
    batch at the provider.
    """

    planned: int
    accepted: int
    rejected: dict[str, int]
    failed: dict[str, int]
    not_run: int
    in_batch: int
    surplus: int


def count(ends: RowEnds, in_batch: int = 0) -> Ledger:
    """Ledger of the planned rows.

    Args:
        ends: Where each row ended.
        in_batch: How many of the rows not run are in a batch at the provider.
    """
    counts = ends.counts()
    lost: dict[str, dict[str, int]] = {"rejected": {}, "failed": {}}
    for end, rows in sorted(counts.items(), key=lambda counted: counted[0].name):
        if end.outcome in lost and rows:
            lost[end.outcome][end.name] = rows
    return Ledger(
        planned=len(ends),
        accepted=counts.get(End("accepted"), 0),
        rejected=lost["rejected"],
        failed=lost["failed"],
        not_run=counts.get(End(NOT_RUN), 0),
        in_batch=in_batch,
        surplus=counts.get(End("surplus"), 0),
    )


def rows_run(ledger: Ledger, *, outage: bool = False) -> int:
    """Number of rows that count as run: all requested rows, or after an outage only rows with a reply.

    Rows without a reply say something about the server and nothing about the data, and the next run retries them.
    """
    unanswered = sum(ledger["failed"].get(cause, 0) for cause in TRANSPORT_CAUSES) if outage else 0
    return ledger["planned"] - ledger["not_run"] - unanswered


def good_share(ledger: Ledger, *, outage: bool = False) -> float | None:
    """Yield for thresholds: accepted and surplus rows / rows that were run; null if none was run.

    Unit: share, 0 to 1.
    """
    run = rows_run(ledger, outage=outage)
    return (ledger["accepted"] + ledger["surplus"]) / run if run else None


def row_metrics(ledger: Ledger) -> Metrics:
    """Metrics of rows by outcome, with every reason and cause, so that runs can be compared. Unit: rows.

    `rate/parsed`: candidates / rows with a reply; null if there is none. Unit: share.
    """
    return {
        "rows/planned": ledger["planned"],
        "rows/accepted": ledger["accepted"],
        "rows/rejected": sum(ledger["rejected"].values()),
        "rows/failed": sum(ledger["failed"].values()),
        "rows/not_run": ledger["not_run"],
        "rows/in_batch": ledger["in_batch"],
        "rows/surplus": ledger["surplus"],
        "rate/parsed": _parsed(ledger),
        **{f"rejected/{reason}": ledger["rejected"].get(reason, 0) for reason in REJECT_REASONS},
        **{f"failed/{cause}": ledger["failed"].get(cause, 0) for cause in FAILURE_CAUSES},
    }


def candidates_in(ledger: Ledger) -> int:
    """Number of rows whose reply was parsed, before any check."""
    return ledger["accepted"] + ledger["surplus"] + sum(ledger["rejected"].values())


def answered_in(ledger: Ledger) -> int:
    """Number of rows with a reply, with any content."""
    return candidates_in(ledger) + sum(ledger["failed"].get(cause, 0) for cause in CONTENT_CAUSES)


def _parsed(ledger: Ledger) -> float | None:
    answered = answered_in(ledger)
    return candidates_in(ledger) / answered if answered else None


def merged(*parts: Mapping[str, float | None]) -> Metrics:
    """Metrics merged into one flat mapping."""
    return {name: value for part in parts for name, value in part.items()}


def reached_cap(metrics: Mapping[str, float | None], generation: GenerationParameters) -> str:
    """Parameter of the cap that kept rows from being requested, retried or judged; empty if no cap did."""
    caps = {
        "generation.max_cost_usd": (_charged(metrics, "cost/usd_"), generation.max_cost_usd),
        "generation.max_tokens_total": (_charged(metrics, "tokens/"), generation.max_tokens_total),
    }
    if metrics["rows/not_run"] or metrics["rows/failed"] or metrics.get("label/unjudged"):
        for name, (spent, cap) in caps.items():
            if cap is not None and spent is not None and reaches(spent, cap):
                return name
    return ""


def stopped_by(stops: Stops, metrics: Mapping[str, float | None], generation: GenerationParameters) -> str:
    """Stop reason: the cause of an outage, `paused_tasks` if all tasks with open rows are paused, or the cap; or ''."""
    return stops.stopped_by or reached_cap(metrics, generation)


def _charged(metrics: Mapping[str, float | None], unit: str) -> float | None:
    """Amount charged to a cap: the known amount plus the upper bound of the rest."""
    return plus(metrics[f"{unit}known_this_run"], metrics[f"{unit}unknown_at_most_this_run"])


def without_paused(
    metrics: Mapping[str, float | None], outcomes: RowTable, paused: Sequence[PausedTask]
) -> Mapping[str, float | None]:
    """Metrics in which the rates that paused tasks distort are measured on the other tasks' rows.

    These are `rate/parsed`, and `rate/<reason>` for each reject reason that paused a task; `ANSWERED` and `CANDIDATES`
    count those rows. If no row of another task got a reply, the metrics are unchanged.

    Args:
        metrics: Metrics of the whole plan, by name.
        outcomes: Columns `OUTCOMES`.
        paused: Tasks that get no further requests.
    """
    if not paused:
        return metrics
    candidates, reasons = _ends_of_others(outcomes, [task.task_id for task in paused])
    answered = candidates + sum(reasons[cause] for cause in CONTENT_CAUSES)
    if not answered:
        return metrics
    seen = {**metrics, "rate/parsed": candidates / answered, ANSWERED: answered, CANDIDATES: candidates}
    for reason in {task.reason for task in paused}:
        if (name := f"rate/{reason}") in metrics:
            seen[name] = reasons[reason] / candidates if candidates else None
    return seen


def _ends_of_others(outcomes: RowTable, task_ids: Sequence[str]) -> tuple[int, Counter[str]]:
    """Candidates, and rows by reason, of all but some tasks."""
    candidates, reasons = 0, Counter[str]()
    for frame in outcomes.frames(["task_id", "outcome", "reason"]):
        others = frame[~frame["task_id"].isin(task_ids)]
        candidates += int(others["outcome"].isin(_CANDIDATES).sum())
        reasons.update({str(reason): int(rows) for reason, rows in others["reason"].value_counts().items()})
    return candidates, reasons


def most_common_failure(failed: RowTable) -> str:
    """Most common cause of calls without a reply, and its detail: "10 rows failed as timeout (…)"; empty if none.

    Args:
        failed: Columns `failure_cause` and `detail`.
    """
    details: dict[str, Counter[str]] = {cause: Counter() for cause in NO_REPLY_CAUSES}
    first: dict[str, int] = {}
    for frame in failed.frames(["failure_cause", "detail"]):
        for cause, own in frame.groupby("failure_cause", sort=False)["detail"]:
            if cause in details:
                first.setdefault(str(cause), len(first))
                details[str(cause)].update(own.tolist())
    if not first:
        return ""
    cause = max(first, key=lambda cause: (details[cause].total(), -first[cause]))
    (detail, _), rows = details[cause].most_common(1)[0], details[cause].total()
    words = str(detail).partition(". Next: ")[0].rstrip(".")
    return f"{rows:,} {'row' if rows == 1 else 'rows'} failed as {cause} ({words})"


def ends_of(ledger: Ledger) -> list[tuple[str, str, int]]:
    """Outcomes that occur: outcome, its name to show, number of rows; accepted first, then by number of rows."""
    rejected = [("rejected", reason, rows) for reason, rows in ledger["rejected"].items()]
    failed = [("failed", cause, rows) for cause, rows in ledger["failed"].items()]
    others = [("not_run", "not run", ledger["not_run"]), ("surplus", "surplus", ledger["surplus"])]
    rest = [end for end in others if end[2]]
    return [("accepted", "accepted", ledger["accepted"]), *sorted([*rejected, *failed, *rest], key=lambda end: -end[2])]
