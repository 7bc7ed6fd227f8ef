"""Nodes of `quote`: the pilot sample and the estimate."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import nan
from typing import Any

import pandas as pd

from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.quote.estimates import Quote, quote, spread_sample
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters, QuoteParameters
from synthetic_textcat.schemas.prices import PriceList, is_made_up, total_of
from synthetic_textcat.schemas.rows import fingerprints_of


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
    prices: dict[str, Any],
) -> Quote:
    """Estimate of tokens, USD, seconds and accepted rows for the whole plan or quota, each with a range.

    `quote/usd/made_up` is 1 if the price is the offline model's, which is made up, else 0.
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
    found = quote(len(requests), tried, generation, Counter(sizes.tolist()) or None)
    made_up = any(is_made_up(line.model_name) for lines in own for line in lines)
    paid = outcomes.loc[outcomes["outcome"] != "not_run", "cost"]
    found["quote/pilot/usd"] = None if paid.empty or paid.isna().any() else float(paid.sum())
    return {**found, "quote/usd/made_up": float(made_up and found["quote/usd/expected"] is not None)}


def _costs(own: Iterable[Iterable[Completion]], prices: PriceList, batch: str | None) -> list[float]:
    """Cost of the calls of each row by one route, in USD; NaN if unknown."""
    totals = (total_of((prices.cost_usd(replace(line, batch=batch)) for line in lines), 0.0) for lines in own)
    return [nan if total is None else total for total in totals]
