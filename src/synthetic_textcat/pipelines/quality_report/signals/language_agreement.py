"""Whether texts are in the language that was asked for, of all candidates that the check came to."""

from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.quality_report.checks.language import GROUPS, can_agree
from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.rows import records_of

MIN_ROWS = 30
"""Verifiable rows that a language needs for a metric of its own."""

MOST_LISTED = 200
_VERDICTS = {"agrees": "agrees", "wrong": "wrong", "not verifiable": "not_verifiable"}


def language_agreement(corpus: Corpus) -> Measured:
    """Verdicts of `checks.language` on candidates, by the language that was asked for.

    Agreement = agrees / (agrees + wrong): of the verifiable rows. Languages that no text can be found to agree with
    (`checks.language.can_agree`: romanised ones, and those unknown to the identifier) have none, and are left out of
    it: whatever their rows are, it would be 0. Unit of all: share, 0 to 1; null where there is no such row.

    Metrics:
        language/agreement: of all verifiable rows.
        language/agreement_macro: the mean over languages; those of one confusable group count as one.
        language/agreement_lowest: the lowest of those of one language.
        language/agreement/<code>: of one language, from `MIN_ROWS` verifiable rows.
        language/not_verifiable: rows not verifiable / rows with a verdict, of all languages.

    Tables: `language_agreement` (language, rows with a verdict, agrees, wrong, not_verifiable, agreement) by rows, and
    `language_found` (asked, found, rows: what rows were in instead), at most `MOST_LISTED`, the most first.
    """
    counts = _counts(corpus)
    judged = counts[counts["agreement"].notna()]
    of_group = judged.groupby(judged["language"].map(_group_of))[["agrees", "wrong"]].sum()
    by_group = of_group["agrees"] / of_group.sum(axis=1)
    enough = judged[judged["agrees"] + judged["wrong"] >= MIN_ROWS]
    metrics: Metrics = {
        "language/agreement": _share(judged["agrees"].sum(), of_group.to_numpy().sum()),
        "language/agreement_macro": float(by_group.mean()) if len(by_group) else None,
        "language/agreement_lowest": float(enough["agreement"].min()) if len(enough) else None,
        "language/not_verifiable": _share(counts["not_verifiable"].sum(), counts["rows"].sum()),
    }
    for name, agreement in zip(enough["language"], enough["agreement"], strict=True):
        metrics[f"language/agreement/{find_language(name).code}"] = agreement
    return Measured(metrics, {"language_agreement": list(records_of(counts)), "language_found": _found(corpus)})


def _counts(corpus: Corpus) -> pd.DataFrame:
    """The table `language_agreement`, as a frame; agreement is missing where there is none."""
    rows = corpus.candidates.groupby(["language", "language_verdict"]).size().unstack(fill_value=0)
    counts = rows.reindex(columns=list(_VERDICTS), fill_value=0).rename(columns=_VERDICTS)
    counts.insert(0, "rows", counts.sum(axis=1))
    can = pd.Series([can_agree(str(name)) for name in counts.index], counts.index, dtype="bool")
    verifiable = counts["agrees"] + counts["wrong"]
    counts["agreement"] = (counts["agrees"] / verifiable).where(can)
    counts = counts.sort_values("rows", ascending=False, kind="stable")
    return counts.rename_axis(columns=None).reset_index()


def _found(corpus: Corpus) -> list[dict[str, Any]]:
    """What the details of the check say, without its words around it."""
    hits = corpus.hits[corpus.hits["reason"] == "wrong_language"]
    wrong = hits.merge(corpus.requests[["request_id", "language"]], on="request_id", how="left")
    found = wrong["detail"].str.split(", ", n=1).str[-1].str.removeprefix("reads as ")
    found = found.str.replace(r"^its letters are (.+)$", r"\1 letters", regex=True)
    rows = found.groupby([wrong["language"].rename("asked"), found.rename("found")]).size()
    most = rows.sort_values(ascending=False, kind="stable").head(MOST_LISTED)
    return list(records_of(most.rename("rows").reset_index()))


def _group_of(name: str) -> str:
    code = find_language(name).code.partition("-")[0]
    return next(("+".join(sorted(group)) for group in GROUPS if code in group), code)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
