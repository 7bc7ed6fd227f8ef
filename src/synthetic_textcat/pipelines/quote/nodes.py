"""Nodes of `quote`: the pilot sample and the estimate."""

from collections import Counter

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.quote.estimates import Quote, quote, spread_sample
from synthetic_textcat.schemas.parameters import GenerationParameters, QuoteParameters
from synthetic_textcat.schemas.prices import is_made_up
from synthetic_textcat.schemas.rows import fingerprint_column, positions_in


def choose_pilot(requests: pd.DataFrame, quote: QuoteParameters, seed: int) -> pd.DataFrame:
    """Pilot: a sample of the plan, stratified by task and language, in plan order; columns `REQUESTS`."""
    return requests.iloc[spread_sample(requests, quote.pilot_rows, seed)].reset_index(drop=True)


def estimate(
    requests: pd.DataFrame,
    pilot: pd.DataFrame,
    calls: pd.DataFrame,
    paid_calls: pd.DataFrame,
    outcomes: pd.DataFrame,
    quota_slots: pd.DataFrame,
    generation: GenerationParameters,
) -> Quote:
    """Estimate of tokens, USD, seconds and accepted rows for the whole plan or quota, each with a range.

    `quote/usd/made_up` is 1 if the price is the offline model's, which is made up, else 0.
    """
    rows = positions_in(paid_calls["fingerprint"], fingerprint_column(pilot, calls))
    own = paid_calls[rows >= 0]
    is_unknown = own[["prompt_tokens", "completion_tokens"]].isna().any(axis=1) & (own["status"] != "rate_limited")
    tried = outcomes.assign(
        latency_s=np.bincount(rows[rows >= 0], own["latency_s"], len(pilot)),
        unknown_usage=np.bincount(rows[rows >= 0], is_unknown, len(pilot)).astype(int),
    )
    sizes = quota_slots.groupby(list(quota_slots.columns), dropna=False, sort=False).size()
    found = quote(len(requests), tried, generation, Counter(sizes.tolist()) or None)
    made_up = any(map(is_made_up, own["model_name"].unique()))
    return {**found, "quote/usd/made_up": float(made_up and found["quote/usd/expected"] is not None)}
