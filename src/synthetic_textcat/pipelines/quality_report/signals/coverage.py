"""Whether the accepted rows are spread as the plan is."""

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus, is_among
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of, records_of

MOST_LISTED = 100
MIN_ROWS = 30
"""Planned rows a value, on average: with fewer, rows lost at random alone make a distance of 0.1 and more."""

_LEAST_EXPECTED = 5  # rows in a cell: the usual rule for the chi-squared distribution to fit


def coverage(corpus: Corpus) -> Measured:
    """What was planned against what of it was accepted, by attribute, own attribute and planned label.

    Labels are taken together by their names, whatever their task; rows without a planned value are left out.

    Metrics:
        coverage/<attribute>: total variation distance between planned and accepted shares, half the sum of their
            absolute differences: 0 = as planned, 1 = nothing in common. Null if nothing was accepted.
        coverage/largest: the largest of the distances of attributes that have `MIN_ROWS` planned rows a value.
        coverage/p/<attribute>: p value of Pearson's chi-squared test that a row's value and its being accepted are
            independent. (A test of fit would not do: accepted rows are part of the plan, not a sample beside it.)
            Null where a cell would be expected to hold fewer than five rows, as when nearly all are accepted.

    Table `coverage`: attribute, value, planned, accepted (rows), share_planned, share_accepted; at most `MOST_LISTED`
    values an attribute; the largest differences between the shares first.
    """
    accepted = is_among(corpus.requests["request_id"], corpus.examples["request_id"])
    distances: Metrics = {}
    p_values: Metrics = {}
    telling: list[float] = []
    tables = []
    for attribute in (*ATTRIBUTES, *own_of(corpus.requests), "label"):
        groups = accepted.groupby(corpus.requests[attribute].rename("value"))
        counts = pd.DataFrame({"planned": groups.size(), "accepted": groups.sum()})
        shares = counts / counts.sum()
        distances[f"coverage/{attribute}"] = distance = _distance(shares)
        if distance is not None and counts["planned"].mean() >= MIN_ROWS:
            telling.append(distance)
        p_values[f"coverage/p/{attribute}"] = _p_value(counts)
        shown = counts.assign(share_planned=shares["planned"], share_accepted=shares["accepted"]).reset_index()
        shown.insert(0, "attribute", attribute)
        tables.append(_by_difference(shown).head(MOST_LISTED))
    table = _by_difference(pd.concat(tables, ignore_index=True))
    return Measured(
        {**distances, "coverage/largest": max(telling, default=None), **p_values}, {"coverage": list(records_of(table))}
    )


def _by_difference(lines: pd.DataFrame) -> pd.DataFrame:
    difference = (lines["share_planned"] - lines["share_accepted"]).abs()
    return lines.loc[difference.sort_values(ascending=False, kind="stable").index]


def _distance(shares: pd.DataFrame) -> float | None:
    if shares.empty or shares.isna().any(axis=None):
        return None
    return float((shares["planned"] - shares["accepted"]).abs().sum() / 2)


def _p_value(counts: pd.DataFrame) -> float | None:
    from scipy.special import chdtrc  # a tenth of what scipy.stats takes to import

    cells = np.column_stack([counts["accepted"], counts["planned"] - counts["accepted"]]).astype(np.float64)
    expected = np.outer(cells.sum(axis=1), cells.sum(axis=0)) / max(1.0, cells.sum())
    if len(cells) < 2 or expected.min() < _LEAST_EXPECTED:
        return None
    return float(chdtrc(len(cells) - 1, ((cells - expected) ** 2 / expected).sum()))
