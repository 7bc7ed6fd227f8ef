"""Whether the accepted rows are spread as the plan is."""

from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of, records_of

MOST_LISTED = 100
_LEAST_EXPECTED = 5  # rows in a cell: the usual rule for the chi-squared distribution to fit


def coverage(corpus: Corpus) -> Measured:
    """What was planned against what of it was accepted, by attribute, own attribute and planned label.

    Labels are taken together by their names, whatever their task; rows without a planned value are left out.

    Metrics:
        coverage/<attribute>: total variation distance between planned and accepted shares, half the sum of their
            absolute differences: 0 = as planned, 1 = nothing in common. Null if nothing was accepted.
        coverage/p/<attribute>: p value of Pearson's chi-squared test that a row's value and its being accepted are
            independent. (A test of fit would not do: accepted rows are part of the plan, not a sample beside it.)
            Null where a cell would be expected to hold fewer than five rows, as when nearly all are accepted.

    Table `coverage`: attribute, value, planned, accepted (rows), share_planned, share_accepted; at most `MOST_LISTED`
    values an attribute, the most planned first.
    """
    accepted = corpus.requests["request_id"].isin(corpus.examples["request_id"])
    metrics: Metrics = {}
    table: list[dict[str, Any]] = []
    for attribute in (*ATTRIBUTES, *own_of(corpus.requests), "label"):
        counts = _counts(corpus.requests[attribute], accepted, attribute)
        shares = counts / counts.sum()
        metrics[f"coverage/{attribute}"] = _distance(shares)
        metrics[f"coverage/p/{attribute}"] = _p_value(counts)
        listed = counts.assign(share_planned=shares["planned"], share_accepted=shares["accepted"]).head(MOST_LISTED)
        table += [{"attribute": attribute, **row} for row in records_of(listed.reset_index())]
    return Measured(metrics, {"coverage": table})


def _counts(values: pd.Series, accepted: pd.Series, attribute: str) -> pd.DataFrame:
    """Rows planned and accepted by value; the method's values in their order, others the most planned first."""
    groups = accepted.groupby(values.rename("value"))
    by_value = pd.DataFrame({"planned": groups.size(), "accepted": groups.sum()})
    if attribute in VALUES:
        return by_value.reindex([value for value in VALUES[attribute] if value in by_value.index])
    return by_value.sort_values("planned", ascending=False, kind="stable")


def _distance(shares: pd.DataFrame) -> float | None:
    if shares.empty or shares.isna().any(axis=None):
        return None
    return float((shares["planned"] - shares["accepted"]).abs().sum() / 2)


def _p_value(counts: pd.DataFrame) -> float | None:
    from scipy.stats.contingency import chi2_contingency, expected_freq

    cells = pd.DataFrame({"accepted": counts["accepted"], "not": counts["planned"] - counts["accepted"]})
    if len(cells) < 2 or expected_freq(cells).min() < _LEAST_EXPECTED:
        return None
    return float(chi2_contingency(cells, correction=False).pvalue)
