"""Nodes of `quote`: the pilot sample and the estimate."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import nan
from typing import Any

import pandas as pd

from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.quote.estimates import Quote, quote, quote_with_verdicts, spread_sample
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters, LabelCheckParameters, QuoteParameters
from synthetic_textcat.schemas.prices import PriceList, is_made_up, total_of
from synthetic_textcat.schemas.rows import fingerprints_of, plain


def choose_pilot(requests: pd.DataFrame, quote: QuoteParameters, seed: int) -> pd.DataFrame:
    """Pilot: a sample of the plan, stratified by task and language, in plan order; columns `REQUESTS`."""
    return requests.iloc[spread_sample(requests, quote.pilot_rows, seed)].reset_index(drop=True)


def estimate(
    requests: pd.DataFrame,
    pilot: pd.DataFrame,
    calls: pd.DataFrame,
    journal: Journal,
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
    own = list(journal.completions(fingerprints_of(pilot, calls)))
    price_list = PriceList.read(prices)
    tried = outcomes.assign(
        cost=_costs(own, price_list, None),
        usd_batch=_costs(own, price_list, "estimated"),
        latency_s=[sum(line.latency_s for line in lines) for lines in own],
        unknown_usage=[sum(not line.is_counted for line in lines) for lines in own],
    )
    sizes = quota_slots.groupby(list(quota_slots.columns), dropna=False, sort=False).size()
    quota = Counter(sizes.tolist()) or None
    made_up = any(is_made_up(line.model_name) for lines in own for line in lines)
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


def _costs(own: Iterable[Iterable[Completion]], prices: PriceList, batch: str | None) -> list[float]:
    """Cost of the calls of each row by one route, in USD; NaN if unknown."""
    totals = (total_of((prices.cost_usd(replace(line, batch=batch)) for line in lines), 0.0) for lines in own)
    return [nan if total is None else total for total in totals]
