"""Rates: reject reasons, label leaks, losses by task and language, agreement with the requested language."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.checks.language import GROUPS, can_agree
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, candidates_in
from synthetic_textcat.pipelines.quality_report.row_ends import Mask, RowEnds
from synthetic_textcat.pipelines.quality_report.signals.check_results import (
    CheckResults,
    counted_pairs,
    leak_table,
)
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus, SignalResult, WorstRow
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.languages import base_of, find_language
from synthetic_textcat.schemas.outcomes import NO_REPLY_CAUSES, REJECT_REASONS
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.tables import factorized

MOST_LISTED = 50
MIN_ROWS = 30
"""Minimum candidates of a language or task to be ranked by rate; smaller ones are listed last."""

MIN_VERIFIABLE_ROWS = 30
"""Minimum verifiable rows for a metric of a single language."""

MOST_MIXUPS_LISTED = 200
_VERDICTS = {"agrees": "agrees", "wrong": "wrong", "not verifiable": "not_verifiable"}


def reject_rates(corpus: Corpus) -> SignalResult:
    """Rate of each reject reason, over rejected and flagged rows.

    Metrics: `rate/<reject reason>`: rows / candidates. A row counts for its reject reason (the first that applied) and
    for each reason it is flagged with. Unit: share, 0 to 1; null without candidates.
    `flagged/<reason>`: rows flagged with the reason, for the reasons in the parameter `flag_only`. Unit: rows.

    Tables:
        funnel: stage (planned, answered, parsed, accepted), rows. Answered: there is a reply, with any content.
        leakage_by_language, leakage_by_task: language or task, rows (candidates), leaked, rate; only where a label
            leaked, at most `MOST_LISTED`, the highest rate first; groups below `MIN_ROWS` rows come last.
        near_duplicate_clusters: size, clusters. A cluster is an accepted row and its near duplicates.

    Worst, by reject reason: the near duplicates most similar to an earlier row; for other reasons a sample by hash.
    """
    results = corpus.check_results
    shares = {reason: results.rows[reason] / results.candidates for reason in REJECT_REASONS if results.candidates}
    metrics: Metrics = {f"rate/{reason}": shares.get(reason) for reason in REJECT_REASONS}
    metrics |= {f"flagged/{reason}": results.flags[reason] for reason in corpus.settings.flag_only}
    return SignalResult(
        metrics,
        {
            "funnel": _funnel(corpus.ledger),
            "leakage_by_language": _leakage(results, "language"),
            "leakage_by_task": _leakage(results, "task_id"),
            "near_duplicate_clusters": _clusters(results),
        },
        _worst(results),
    )


def _funnel(ledger: Ledger) -> list[dict[str, Any]]:
    unanswered = ledger["not_run"] + sum(ledger["failed"].get(cause, 0) for cause in NO_REPLY_CAUSES)
    stages = {
        "planned": ledger["planned"],
        "answered": ledger["planned"] - unanswered,
        "parsed": candidates_in(ledger),
        "accepted and surplus" if ledger["surplus"] else "accepted": ledger["accepted"] + ledger["surplus"],
    }
    return [{"stage": stage, "rows": rows} for stage, rows in stages.items()]


def _leakage(results: CheckResults, column: str) -> list[dict[str, Any]]:
    groups = leak_table(results.by_language if column == "language" else results.by_task, column)
    rates = groups.assign(rate=groups["leaked"] / groups["rows"], few=groups["rows"] < MIN_ROWS)
    listed = rates.sort_values(["few", "rate"], ascending=[True, False], kind="stable").head(MOST_LISTED)
    lines = listed.drop(columns="few").reset_index()
    if column == "task_id":
        lines = lines.assign(task_id=lines["task_id"].map(results.sentences)).rename(columns={"task_id": "task"})
    return list(records_of(lines))


def _clusters(results: CheckResults) -> list[dict[str, Any]]:
    sizes, clusters = np.unique(results.cluster_sizes, return_counts=True)
    return [{"size": size, "clusters": rows} for size, rows in zip(sizes.tolist(), clusters.tolist(), strict=True)]


def _worst(results: CheckResults) -> dict[str, list[WorstRow]]:
    return {
        reason: [
            WorstRow(request_id=row["request_id"], detail=row["detail"])
            for row in records_of(results.worst[reason][["request_id", "detail"]])
        ]
        for reason in REJECT_REASONS
        if reason in results.worst
    }


def losses(corpus: Corpus) -> SignalResult:
    """Rows by outcome, for each task and each language.

    Tables `losses_by_task` and `losses_by_language`: task or language, planned, accepted, rejected, rest (failed, not
    run or surplus), yield (accepted or surplus / planned, 0 to 1), reason (the most frequent reject reason, with its
    number of rows); the lowest yield first, at most `MOST_LISTED`.

    The metrics are `yield/task/<task_id>` and `yield/language/<code>`.
    """
    return SignalResult({}, {f"losses_by_{name}": _losses(corpus, name) for name in ("task", "language")})


def _losses(corpus: Corpus, name: str) -> list[dict[str, Any]]:
    ends = corpus.ends
    codes, values = factorized(corpus.requests, name)
    order = _first_seen(codes, ends.has_outcome("surplus"), len(values))
    rows = np.zeros((len(values), len(ends.kinds)), np.int64)
    np.add.at(rows, (codes, ends.codes), 1)
    outcomes = [kind.outcome for kind in ends.kinds]
    by_outcome = pd.DataFrame(rows[order], index=pd.Index(values, name=name)[order]).T.groupby(outcomes).sum().T
    by_outcome = by_outcome.reindex(columns=["accepted", "rejected", "surplus"], fill_value=0)
    counts = by_outcome.assign(planned=rows[order].sum(axis=1))[["planned", "accepted", "rejected", "surplus"]]
    good = counts["accepted"] + counts.pop("surplus")
    counts["rest"] = counts["planned"] - counts["accepted"] - counts["rejected"]
    counts["yield"] = good / counts["planned"]
    worst = counts.sort_values("yield", kind="stable").head(MOST_LISTED)
    places = {value: place for place, value in enumerate(values)}
    reasons = pd.Series([_most_frequent(ends, rows[places[value]]) for value in worst.index], worst.index, dtype="str")
    return list(records_of(worst.assign(reason=reasons).reset_index()))


def _first_seen(codes: NDArray[np.int32], is_surplus: Mask, number: int) -> NDArray[np.int64]:
    """Values in the order in which they first appear: among the rows that are not surplus, then in surplus rows."""
    first = np.full(number, 2 * len(codes), np.int64)
    for places, behind in ((np.flatnonzero(is_surplus), len(codes)), (np.flatnonzero(~is_surplus), 0)):
        first[codes[places[::-1]]] = places[::-1] + behind
    return np.argsort(first, kind="stable")


def _most_frequent(ends: RowEnds, rows: NDArray[np.int64]) -> str | None:
    """The most frequent reject reason with its number of rows, the last in the alphabet of equal ones."""
    reasons = [
        (count, kind.name) for kind, count in zip(ends.kinds, rows.tolist(), strict=True) if kind.outcome == "rejected"
    ]
    count, reason = max(reasons, default=(0, ""))
    return f"{reason.replace('_', ' ')} ({count})" if count else None


def language_agreement(corpus: Corpus) -> SignalResult:
    """Language agreement: verdicts of `checks.language` on candidates, by requested language.

    Agreement = agrees / (agrees + wrong), over the verifiable rows. Languages that the check can't confirm
    (`checks.language.can_agree`: romanised languages, and languages unknown to the identifier) have none and are
    excluded, since it would always be 0. Unit of all: share, 0 to 1; null if there is no such row.

    Metrics:
        language/agreement: over all verifiable rows.
        language/agreement_macro: the mean over languages; a group of easily confused languages counts once.
        language/agreement_lowest: the lowest agreement of a single language.
        language/agreement/<code>: of one language with at least `MIN_VERIFIABLE_ROWS` verifiable rows.
        language/not_verifiable: rows not verifiable / rows with a verdict, over all languages.

    Tables: `language_agreement` (language, rows with a verdict, agrees, wrong, not_verifiable, agreement) by rows, and
    `language_found` (asked, found, rows: the language found instead), at most `MOST_MIXUPS_LISTED`, most rows first.
    """
    counts = _counts(corpus)
    judged = counts[counts["agreement"].notna()]
    of_group = judged.groupby(judged["language"].map(_group_of))[["agrees", "wrong"]].sum()
    by_group = of_group["agrees"] / of_group.sum(axis=1)
    enough = judged[judged["agrees"] + judged["wrong"] >= MIN_VERIFIABLE_ROWS]
    metrics: Metrics = {
        "language/agreement": _share(judged["agrees"].sum(), of_group.to_numpy().sum()),
        "language/agreement_macro": float(by_group.mean()) if len(by_group) else None,
        "language/agreement_lowest": float(enough["agreement"].min()) if len(enough) else None,
        "language/not_verifiable": _share(counts["not_verifiable"].sum(), counts["rows"].sum()),
    }
    for name, agreement in zip(enough["language"], enough["agreement"], strict=True):
        metrics[f"language/agreement/{find_language(name).code}"] = agreement
    return SignalResult(metrics, {"language_agreement": list(records_of(counts)), "language_found": _found(corpus)})


def _counts(corpus: Corpus) -> pd.DataFrame:
    """The table `language_agreement` as a data frame; agreement is missing if undefined."""
    rows = counted_pairs(corpus.check_results.verdicts, ["language", "language_verdict"]).unstack(fill_value=0)
    counts = rows.reindex(columns=list(_VERDICTS), fill_value=0).rename(columns=_VERDICTS)
    counts.insert(0, "rows", counts.sum(axis=1))
    can = pd.Series([can_agree(str(name)) for name in counts.index], counts.index, dtype="bool")
    verifiable = counts["agrees"] + counts["wrong"]
    counts["agreement"] = (counts["agrees"] / verifiable).where(can)
    counts = counts.sort_values("rows", ascending=False, kind="stable")
    return counts.rename_axis(columns=None).reset_index()


def _found(corpus: Corpus) -> list[dict[str, Any]]:
    """The table `language_found`, from the details of the check."""
    rows = counted_pairs(corpus.check_results.found, ["asked", "found"])
    most = rows.sort_values(ascending=False, kind="stable").head(MOST_MIXUPS_LISTED)
    return list(records_of(most.rename("rows").reset_index()))


def _group_of(name: str) -> str:
    code = base_of(find_language(name))
    return next(("+".join(sorted(group)) for group in GROUPS if code in group), code)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
