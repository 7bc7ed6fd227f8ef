"""Nodes of `quote`: the pilot sample and the estimate."""

from collections import Counter
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.quote.estimates import Quote, quote, quote_with_verdicts, spread_sample
from synthetic_textcat.schemas.parameters import GenerationParameters, LabelCheckParameters, QuoteParameters
from synthetic_textcat.schemas.prices import PriceList, is_made_up
from synthetic_textcat.schemas.rows import fingerprint_column, plain, positions_in
from synthetic_textcat.tables import RowTable


def choose_pilot(requests: RowTable, quote: QuoteParameters, seed: int) -> pd.DataFrame:
    """Pilot: a sample of the plan, stratified by task and language, in plan order; columns `REQUESTS`."""
    return requests.take(spread_sample(requests, quote.pilot_rows, seed))


def estimate(
    requests: RowTable,
    pilot: pd.DataFrame,
    calls: pd.DataFrame,
    paid_calls: RowTable,
    outcomes: pd.DataFrame,
    quota_slots: pd.DataFrame,
    generation: GenerationParameters,
    verdict_calls: pd.DataFrame,
    verdict_journal: Journal,
    label_check: LabelCheckParameters,
    prices: dict[str, Any],
) -> Quote:
    """Estimate of tokens, USD, seconds and accepted rows for the whole plan or quota, each with a range.

    `quote/usd/made_up` is 1 if the price is the offline model's, which is made up, else 0. With a judge, who is asked
    about all good rows of the pilot, the estimates are of rows and verdicts together, and tokens and USD also apart.
    """
    price_list = PriceList.read(prices)
    fingerprints = fingerprint_column(pilot, calls)
    own = paid_calls.where("fingerprint", fingerprints)  # the journal may be that of a long plan
    rows = positions_in(own["fingerprint"], fingerprints)
    is_unknown = own[["prompt_tokens", "completion_tokens"]].isna().any(axis=1) & (own["status"] != "rate_limited")
    tried = outcomes.assign(
        cost=_costs(own, rows, len(pilot), price_list, batch=False),
        usd_batch=_costs(own, rows, len(pilot), price_list, batch=True),
        latency_s=np.bincount(rows, own["latency_s"].where(own["batch"].isna()), len(pilot)),
        unknown_usage=np.bincount(rows, is_unknown, len(pilot)).astype(int),
    )
    sizes = quota_slots.groupby(list(quota_slots.columns), dropna=False, sort=False).size()
    quota = Counter(sizes.tolist()) or None
    made_up = any(map(is_made_up, own["model_name"].unique()))
    if label_check.share:
        judged = usage_by_row(verdict_calls, verdict_journal, outcomes["request_id"], price_list)
        found = quote_with_verdicts(len(requests), tried, judged, label_check.share, generation, quota)
    else:
        found = quote(len(requests), tried, generation, quota)
    return {**found, "quote/usd/made_up": float(made_up and found["quote/usd/expected"] is not None)}


def usage_by_row(
    verdict_calls: pd.DataFrame, journal: Journal, request_ids: "pd.Series[str]", prices: PriceList
) -> pd.DataFrame:
    """The judge's calls about each row: columns `attempts`, `tokens`, `cost`, `latency_s`, `unknown_usage`.

    Tokens and cost are missing where a call is of unknown usage or price; 0 for a row that it was not asked about.
    """
    lines = journal.completions(plain(verdict_calls["fingerprint"]))
    records = [
        {
            "request_id": request_id,
            "attempts": 1,
            "tokens": line.tokens if line.is_counted else None,
            "cost": prices.cost_usd(line) if line.is_counted else None,
            "latency_s": line.latency_s,
            "unknown_usage": int(not line.is_counted),
        }
        for request_id, own in zip(plain(verdict_calls["request_id"]), lines, strict=True)
        for line in own
    ]
    columns = ["request_id", "attempts", "tokens", "cost", "latency_s", "unknown_usage"]
    table = pd.DataFrame(records, columns=columns).astype(dict.fromkeys(columns[1:], "float64"))
    sums = table.groupby("request_id").agg(_total)
    return sums.reindex(request_ids, fill_value=0.0).reset_index(drop=True)


def _total(values: "pd.Series[float]") -> float:
    return float(values.sum(skipna=False))


def _costs(
    own: pd.DataFrame, rows: NDArray[np.intp], number: int, prices: PriceList, *, batch: bool
) -> NDArray[np.float64]:
    """Cost in USD of the calls of each row, at the prices of one route; NaN if unknown.

    Args:
        own: Paid calls of the rows.
        rows: Row of each call.
        number: How many rows there are.
        prices: Token prices.
        batch: Whether the route is a batch.
    """
    totals = np.zeros(number)
    columns = (own[name] for name in ("model_name", "status", "prompt_tokens", "cached_tokens", "completion_tokens"))
    for row, name, status, *counts in zip(rows.tolist(), *columns, strict=True):
        model = None if pd.isna(name) else name  # some classes and servers name none
        known = [None if pd.isna(count) else int(count) for count in counts]
        usd = 0.0 if status == "rate_limited" else prices.usd_of_counts(model, *known, batch=batch)
        totals[row] += nan if usd is None else usd
    return totals
