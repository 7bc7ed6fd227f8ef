"""How many candidates each check found, where labels leak, and how many rows were left at each stage."""

from typing import Any

import pandas as pd

from synthetic_textcat.hashing import draw
from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.pipelines.quality_report.metrics import Metrics, candidates_in
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus, is_among
from synthetic_textcat.pipelines.quality_report.signals.measured import WORST, Measured, WorstRow
from synthetic_textcat.schemas.outcomes import REJECT_REASONS, TRANSPORT_CAUSES
from synthetic_textcat.schemas.rows import records_of

MOST_LISTED = 50
MIN_ROWS = 30
"""Candidates that a language or task needs for its rate to stand before the others'."""

_LEAKED = "label_leaked"
_LIKE = r"^(?P<similarity>[01]\.\d+) like (?P<kept>\S+)$"
"""The detail of a near duplicate, as `checks.comparisons` writes it."""


def reject_rates(corpus: Corpus) -> Measured:
    """Rows found by each check, whether they were rejected for it or flagged only.

    Metrics: `rate/<reject reason>`: rows / candidates. A row counts for the reason that it was rejected for, the first
    that applied, and for those that it is flagged with. Unit: share, 0 to 1; null without candidates.
    `flagged/<reason>`: rows flagged with it, of the reasons that the parameter `flag_only` names. Unit: rows.

    Tables:
        funnel: stage (planned, answered, parsed, accepted), rows. Answered: a reply came, whatever was in it.
        leakage_by_language, leakage_by_task: language or task, rows (candidates), leaked, rate; only where a label
            leaked, at most `MOST_LISTED`, the highest rate first, but after all others below `MIN_ROWS` rows.
        near_duplicate_clusters: size, clusters. A cluster is a row that stayed and those that are like it.

    Worst, by reject reason: the near duplicates most like an earlier row, and of others any, drawn by hash.
    """
    hits = corpus.hits
    candidates = len(corpus.findings)
    rows = hits.drop_duplicates(["request_id", "reason"]).groupby("reason").size()
    shares = rows.reindex(REJECT_REASONS, fill_value=0) / candidates if candidates else dict.fromkeys(REJECT_REASONS)
    metrics: Metrics = {f"rate/{reason}": share for reason, share in shares.items()}
    metrics |= {f"flagged/{reason}": _flagged(corpus, reason) for reason in corpus.settings.flag_only}
    leaked = is_among(corpus.candidates["request_id"], hits.loc[hits["reason"] == _LEAKED, "request_id"])
    return Measured(
        metrics,
        {
            "funnel": _funnel(corpus.ledger),
            "leakage_by_language": _leakage(leaked, corpus.candidates, "language"),
            "leakage_by_task": _leakage(leaked, corpus.candidates, "task_id"),
            "near_duplicate_clusters": _clusters(hits),
        },
        _worst(corpus),
    )


def _flagged(corpus: Corpus, reason: str) -> int:
    rejected = (corpus.rejected["reject_reason"] == reason).sum()
    return int((corpus.hits["reason"] == reason).sum() - rejected)


def _funnel(ledger: Ledger) -> list[dict[str, Any]]:
    unanswered = ledger["not_run"] + sum(ledger["failed"].get(cause, 0) for cause in TRANSPORT_CAUSES)
    stages = {
        "planned": ledger["planned"],
        "answered": ledger["planned"] - unanswered,
        "parsed": candidates_in(ledger),
        "accepted and surplus" if ledger["surplus"] else "accepted": ledger["accepted"] + ledger["surplus"],
    }
    return [{"stage": stage, "rows": rows} for stage, rows in stages.items()]


def _leakage(leaked: pd.Series, candidates: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    groups = leaked.groupby(candidates[column]).agg(rows="size", leaked="sum")
    groups = groups[groups["leaked"] > 0]
    rates = groups.assign(rate=groups["leaked"] / groups["rows"], few=groups["rows"] < MIN_ROWS)
    listed = rates.sort_values(["few", "rate"], ascending=[True, False], kind="stable").head(MOST_LISTED)
    lines = listed.drop(columns="few").reset_index()
    if column == "task_id":
        tasks = candidates.drop_duplicates("task_id").set_index("task_id")["task"]
        lines = lines.assign(task_id=lines["task_id"].map(tasks)).rename(columns={"task_id": "task"})
    return list(records_of(lines))


def _clusters(hits: pd.DataFrame) -> list[dict[str, Any]]:
    details = hits.loc[hits["reason"] == "near_duplicate", "detail"]
    sizes = details.str.extract(_LIKE)["kept"].value_counts() + 1
    clusters = sizes.value_counts().sort_index().rename_axis("size")
    return list(records_of(clusters.rename("clusters").reset_index()))


def _worst(corpus: Corpus) -> dict[str, list[WorstRow]]:
    hits = corpus.hits
    drawn = hits["request_id"].map(lambda request_id: draw(corpus.seed, "rejected", request_id))
    similarity = pd.to_numeric(hits["detail"].str.extract(_LIKE)["similarity"])
    order = hits.assign(similarity=similarity, drawn=drawn)
    order = order.sort_values(["similarity", "drawn"], ascending=[False, True])
    return {
        reason: [
            WorstRow(request_id=row["request_id"], detail=row["detail"])
            for row in records_of(group.head(WORST)[["request_id", "detail"]])
        ]
        for reason in REJECT_REASONS
        if len(group := order[order["reason"] == reason])
    }
