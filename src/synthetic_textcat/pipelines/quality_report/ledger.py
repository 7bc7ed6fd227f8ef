"""Ledger: every planned row has exactly one outcome; counts, rates and stop reasons derived from it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from synthetic_textcat.errors import StaleTableError, TextcatError
from synthetic_textcat.pipelines.quality_report.call_costs import CallCosts
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.outcomes import (
    CONTENT_CAUSES,
    FAILURE_CAUSES,
    NO_REPLY_CAUSES,
    REJECT_REASONS,
    TRANSPORT_CAUSES,
)
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PriceList, plus, reaches
from synthetic_textcat.schemas.rows import OUTCOMES, positions_in, with_columns
from synthetic_textcat.schemas.stops import PausedTask, Stops

NOT_RUN = "not_run"
PLANNED = ["request_id", "task_id", "language", "language_verdict"]
_PAID = ["attempts", "tokens", "cost"]
_OUTCOME_COLUMNS = {name: kind for name, kind in OUTCOMES.items() if name not in {*PLANNED[1:], *_PAID}}
Metrics = dict[str, float | None]
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


class LedgerError(TextcatError):
    """A row with two outcomes, or a row that was not planned."""


def count(
    planned: Iterable[str],
    accepted: Iterable[str],
    rejected: Mapping[str, str],
    failed: Mapping[str, str],
    surplus: Collection[str] = (),
    at_provider: Collection[str] = (),
) -> Ledger:
    """Ledger computed from request ids; `rejected` and `failed` map ids to reason and cause.

    Rows `at_provider` that have another outcome, of an earlier attempt, count by that.

    Raises:
        LedgerError: If the counts do not add up.
    """
    rows, done = list(planned), [*accepted, *surplus, *rejected, *failed]
    ids = set(rows)
    if len(ids) < len(rows):
        raise LedgerError("The plan lists a row twice. Next: run `kedro run --pipelines attribute_sampling` again")
    _refuse_unplanned(ids, done)
    if len(set(done)) < len(done):
        twice = next(row for row, times in Counter(done).items() if times > 1)
        raise LedgerError(f"Row {twice} has two outcomes. Next: run `kedro run --pipelines generate` again")
    return Ledger(
        planned=len(ids),
        accepted=len(done) - len(surplus) - len(rejected) - len(failed),
        rejected=_by_name(rejected.values()),
        failed=_by_name(failed.values()),
        not_run=len(ids) - len(done),
        in_batch=len((ids & set(at_provider)) - set(done)) if at_provider else 0,
        surplus=len(surplus),
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


def _refuse_unplanned(planned: set[str], done: Sequence[str]) -> None:
    unplanned = [row for row in done if row not in planned]
    if unplanned:
        raise LedgerError(
            f"{len(unplanned)} rows (such as {unplanned[0]}) are not in the plan: the dataset 'requests' is "
            "newer than 'candidates'. Next: run `kedro run --pipelines generation` first"
        )


def _by_name(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def outcomes_of(
    examples: pd.DataFrame, surplus: pd.DataFrame, rejected: pd.DataFrame, failed: pd.DataFrame
) -> pd.DataFrame:
    """Outcome of each row: request id, `outcome`, `reason`, and text and labels if the row has them."""
    ends = (
        examples.assign(outcome="accepted", reason=None),
        surplus.assign(outcome="surplus", reason=None),
        rejected.assign(outcome="rejected", reason=rejected["reject_reason"]),
        failed.assign(outcome="failed", reason=failed["failure_cause"]),
    )
    return pd.concat([with_columns(end, _OUTCOME_COLUMNS) for end in ends]).drop_duplicates("request_id")


def outcome_rows(planned: pd.DataFrame, paid: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """The table `outcomes`: one row per planned row, columns `OUTCOMES`; unknown tokens and cost (USD) are missing.

    Args:
        planned: Columns `PLANNED`, in plan order.
        paid: Result of `paid_by_row`.
        ends: Result of `outcomes_of`.

    Raises:
        StaleTableError: If a row has completions but no outcome.
    """
    rows = planned.merge(ends, on="request_id", how="left")
    if len(paid) != len(rows):
        raise ValueError(f"{len(rows)} rows, but the calls of {len(paid)}")
    rows["outcome"] = rows["outcome"].fillna(NOT_RUN)
    rows[_PAID] = paid[_PAID]
    _refuse_unsettled(rows)
    return with_columns(rows, OUTCOMES)


def paid_by_row(paid_calls: pd.DataFrame, fingerprints: "pd.Series[str]", prices: PriceList) -> pd.DataFrame:
    """Number of calls, tokens and cost (USD) of each planned row; tokens and cost are missing if a call's are unknown.

    Args:
        paid_calls: Columns `PAID_CALLS`.
        fingerprints: Fingerprint of each planned row's call.
        prices: Token prices.
    """
    costs = CallCosts(paid_calls, prices)
    rows = positions_in(paid_calls["fingerprint"], fingerprints)
    order = np.argsort(paid_calls["attempt"].to_numpy(np.int64), kind="stable")  # the order in which costs are added
    order = order[rows[order] >= 0]
    tokens = np.where(costs.is_counted, costs.prompt.astype(np.float64) + costs.completion, np.nan)
    columns = (
        np.bincount(rows[order], weights, len(fingerprints)) for weights in (None, tokens[order], costs.usd[order])
    )
    return pd.DataFrame(dict(zip(_PAID, columns, strict=True)))


def _refuse_unsettled(rows: pd.DataFrame) -> None:
    unsettled = rows.loc[(rows["outcome"] == NOT_RUN) & (rows["attempts"] > 0), "request_id"]
    if len(unsettled):
        raise StaleTableError(
            f"Row {unsettled.iloc[0]} has a reply in the journal, but is neither a candidate nor failed. "
            "Next: run `kedro run --pipelines generate --from-nodes settle_rows`, which makes no calls"
        )


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


def yield_metrics(requests: pd.DataFrame, good: "Sequence[str] | pd.Series[str]") -> Metrics:
    """Yield, good (accepted or surplus) / planned: in total, by language code and by task. Unit: share, 0 to 1."""
    hit = pd.Series(positions_in(requests["request_id"], good) >= 0, index=requests.index)
    by_language = hit.groupby(requests["language"]).mean()
    by_task = hit.groupby(requests["task_id"]).mean()
    return {
        "yield/all": float(hit.mean()),
        **{f"yield/language/{find_language(str(name)).code}": float(share) for name, share in by_language.items()},
        **{f"yield/task/{task_id}": float(share) for task_id, share in by_task.items()},
    }


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
    metrics: Mapping[str, float | None], outcomes: pd.DataFrame, paused: Sequence[PausedTask]
) -> Mapping[str, float | None]:
    """Metrics in which the rates that paused tasks distort are measured on the other tasks' rows.

    These are `rate/parsed`, and `rate/<reason>` for each reject reason that paused a task; `ANSWERED` and `CANDIDATES`
    count those rows. If no row of another task got a reply, the metrics are unchanged.

    Args:
        metrics: Metrics of the whole plan, by name.
        outcomes: Columns `OUTCOMES`.
        paused: Tasks that get no further requests.
    """
    others = outcomes[~outcomes["task_id"].isin([task.task_id for task in paused])]
    candidates = int(others["outcome"].isin(_CANDIDATES).sum())
    answered = candidates + int(others["reason"].isin(list(CONTENT_CAUSES)).sum())
    if not paused or not answered:
        return metrics
    seen = {**metrics, "rate/parsed": candidates / answered, ANSWERED: answered, CANDIDATES: candidates}
    for reason in {task.reason for task in paused}:
        if (name := f"rate/{reason}") in metrics:
            seen[name] = int((others["reason"] == reason).sum()) / candidates if candidates else None
    return seen


def most_common_failure(failed: pd.DataFrame) -> str:
    """Most common cause of calls without a reply, and its detail: "10 rows failed as timeout (…)"; empty if none.

    Args:
        failed: Columns `failure_cause` and `detail`.
    """
    rows = failed[failed["failure_cause"].isin(list(NO_REPLY_CAUSES))]
    if rows.empty:
        return ""
    cause = rows["failure_cause"].value_counts().index[0]
    details = rows.loc[rows["failure_cause"] == cause, "detail"]
    words = str(details.value_counts().index[0]).partition(". Next: ")[0].rstrip(".")
    return f"{len(details):,} {'row' if len(details) == 1 else 'rows'} failed as {cause} ({words})"


def ends_of(ledger: Ledger) -> list[tuple[str, str, int]]:
    """Outcomes that occur: outcome, its name to show, number of rows; accepted first, then by number of rows."""
    rejected = [("rejected", reason, rows) for reason, rows in ledger["rejected"].items()]
    failed = [("failed", cause, rows) for cause, rows in ledger["failed"].items()]
    others = [("not_run", "not run", ledger["not_run"]), ("surplus", "surplus", ledger["surplus"])]
    rest = [end for end in others if end[2]]
    return [("accepted", "accepted", ledger["accepted"]), *sorted([*rejected, *failed, *rest], key=lambda end: -end[2])]
