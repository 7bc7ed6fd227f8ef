"""Rates: reject reasons, label leaks, losses by task and language, agreement with the requested language."""

from typing import Any

import pandas as pd

from synthetic_textcat.hashing import draw
from synthetic_textcat.pipelines.quality_report.checks.language import GROUPS, can_agree
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, Metrics, candidates_in
from synthetic_textcat.pipelines.quality_report.signals.corpus import WORST, Corpus, SignalResult, WorstRow, is_among
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.outcomes import NO_REPLY_CAUSES, REJECT_REASONS
from synthetic_textcat.schemas.rows import records_of

MOST_LISTED = 50
MIN_ROWS = 30
"""Minimum candidates of a language or task to be ranked by rate; smaller ones are listed last."""

_LEAKED = "label_leaked"
_LIKE = r"^(?P<similarity>[01]\.\d+) like (?P<kept>\S+)$"
"""Detail of a near duplicate, as written by `checks.comparisons`."""

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
    hits = corpus.hits
    candidates = len(corpus.findings)
    rows = hits.drop_duplicates(["request_id", "reason"]).groupby("reason").size()
    shares = rows.reindex(REJECT_REASONS, fill_value=0) / candidates if candidates else dict.fromkeys(REJECT_REASONS)
    metrics: Metrics = {f"rate/{reason}": share for reason, share in shares.items()}
    metrics |= {f"flagged/{reason}": _flagged(corpus, reason) for reason in corpus.settings.flag_only}
    leaked = is_among(corpus.candidates["request_id"], hits.loc[hits["reason"] == _LEAKED, "request_id"])
    return SignalResult(
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
    unanswered = ledger["not_run"] + sum(ledger["failed"].get(cause, 0) for cause in NO_REPLY_CAUSES)
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


def losses(corpus: Corpus) -> SignalResult:
    """Rows by outcome, for each task and each language.

    Tables `losses_by_task` and `losses_by_language`: task or language, planned, accepted, rejected, rest (failed, not
    run or surplus), yield (accepted or surplus / planned, 0 to 1), reason (the most frequent reject reason, with its
    number of rows); the lowest yield first, at most `MOST_LISTED`.

    The metrics are `yield/task/<task_id>` and `yield/language/<code>`.
    """
    columns = ["request_id", "task", "language"]
    rows = pd.concat(
        [part[columns].assign(surplus=part is corpus.surplus) for part in (corpus.requests, corpus.surplus)]
    )
    rows = rows.assign(accepted=is_among(rows["request_id"], corpus.examples["request_id"]))
    rows = rows.merge(corpus.rejected[["request_id", "reject_reason"]], on="request_id", how="left")
    return SignalResult({}, {f"losses_by_{name}": _by(name, rows) for name in ("task", "language")})


def _by(name: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    groups = rows.groupby(name, sort=False)
    counts = groups.agg(
        planned=("request_id", "size"),
        accepted=("accepted", "sum"),
        rejected=("reject_reason", "count"),
        surplus=("surplus", "sum"),
    )
    good = counts["accepted"] + counts.pop("surplus")
    counts["rest"] = counts["planned"] - counts["accepted"] - counts["rejected"]
    counts["yield"] = good / counts["planned"]
    worst = counts.sort_values("yield", kind="stable").head(MOST_LISTED)
    lost = rows[rows["reject_reason"].notna() & rows[name].isin(worst.index)]
    reasons = lost.groupby([name, "reject_reason"]).size().sort_values(kind="stable").reset_index(name="rows")
    most = reasons.drop_duplicates(name, keep="last").set_index(name)
    shown = most["reject_reason"].str.replace("_", " ") + " (" + most["rows"].astype("str") + ")"
    return list(records_of(worst.assign(reason=shown.reindex(worst.index)).reset_index()))


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
    rows = corpus.candidates.groupby(["language", "language_verdict"]).size().unstack(fill_value=0)
    counts = rows.reindex(columns=list(_VERDICTS), fill_value=0).rename(columns=_VERDICTS)
    counts.insert(0, "rows", counts.sum(axis=1))
    can = pd.Series([can_agree(str(name)) for name in counts.index], counts.index, dtype="bool")
    verifiable = counts["agrees"] + counts["wrong"]
    counts["agreement"] = (counts["agrees"] / verifiable).where(can)
    counts = counts.sort_values("rows", ascending=False, kind="stable")
    return counts.rename_axis(columns=None).reset_index()


def _found(corpus: Corpus) -> list[dict[str, Any]]:
    """The table `language_found`, from the details of the check."""
    hits = corpus.hits[corpus.hits["reason"] == "wrong_language"]
    wrong = hits.merge(corpus.requests[["request_id", "language"]], on="request_id", how="left")
    found = wrong["detail"].str.split(", ", n=1).str[-1].str.removeprefix("reads as ")
    found = found.str.replace(r"^its letters are (.+)$", r"\1 letters", regex=True)
    rows = found.groupby([wrong["language"].rename("asked"), found.rename("found")]).size()
    most = rows.sort_values(ascending=False, kind="stable").head(MOST_MIXUPS_LISTED)
    return list(records_of(most.rename("rows").reset_index()))


def _group_of(name: str) -> str:
    code = find_language(name).code.partition("-")[0]
    return next(("+".join(sorted(group)) for group in GROUPS if code in group), code)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
