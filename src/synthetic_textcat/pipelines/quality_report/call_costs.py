"""Costs of calls: tokens and USD of each paid call, computed on columns; and exact sums of a million of them."""

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.prices import PriceList, Rates, is_made_up

_MILLION = 1_000_000
_HALF = 32
_LOW = 2**_HALF - 1
_MOST_WHOLE = 2.0**62
_UNKNOWN = Rates(np.nan, np.nan, np.nan)

Numbers = NDArray[np.int64]
Amounts = NDArray[np.float64]
"""USD; NaN for an unknown amount."""
Mask = NDArray[np.bool_]


class CallCosts:
    """Columns of paid calls as numbers, and their costs by the same formulas as `PriceList.cost_usd`.

    Args:
        paid_calls: The table.
        prices: Token prices.
        model: Model that this run calls, for calls that name none when their upper bound is priced.
    """

    def __init__(self, paid_calls: pd.DataFrame, prices: PriceList, model: str | None = None) -> None:
        self._table = paid_calls
        self._prices = prices
        self._model = model
        self.prompt, has_prompt = self._numbers("prompt_tokens")
        self.completion, has_completion = self._numbers("completion_tokens")
        self._has_counts = has_prompt & has_completion
        self._is_refused: Mask = (paid_calls["status"] == "rate_limited").to_numpy(bool)
        self.cached, self.cached_known = self._numbers("cached_tokens")

    def __len__(self) -> int:
        return len(self._table)

    @cached_property
    def is_counted(self) -> Mask:
        """Whether the token counts are known; a call refused by a rate limit uses none."""
        return self._is_refused | self._has_counts

    @property
    def seconds(self) -> Amounts:
        """Duration of each call."""
        return self._table["latency_s"].to_numpy(np.float64)

    @cached_property
    def usd(self) -> Amounts:
        """Cost of each counted call; unknown if the price or a token count is."""
        of_input, of_cached, of_output = self._prices_of(None)
        cached = np.minimum(self.cached, self.prompt)
        cost: Amounts = (
            (self.prompt - cached) * of_input + cached * of_cached + self.completion * of_output
        ) / _MILLION
        cost[(self.prompt == 0) & (self.completion == 0)] = 0.0
        cost[~self._has_counts] = np.nan
        cost[self._is_refused & ~self._has_counts] = 0.0
        return cost

    @cached_property
    def prompt_at_most(self) -> tuple[Numbers, Mask]:
        """Upper bound of the prompt tokens of a call of unknown usage, and whether there is one."""
        return self._numbers("prompt_tokens_at_most")

    @cached_property
    def completion_at_most(self) -> tuple[Numbers, Mask]:
        """Upper bound of the completion tokens of a call of unknown usage, and whether there is one."""
        return self._numbers("completion_tokens_at_most")

    @cached_property
    def is_bounded(self) -> Mask:
        """Whether the usage of a call has an upper bound."""
        return self.prompt_at_most[1] & self.completion_at_most[1]

    @cached_property
    def usd_at_most(self) -> Amounts:
        """Upper bound of the cost of each call of unknown usage; unknown if the price or a bound is."""
        of_input, _, of_output = self._prices_of(self._model)
        cost: Amounts = (self.prompt_at_most[0] * of_input + self.completion_at_most[0] * of_output) / _MILLION
        cost[~self.is_bounded] = np.nan
        return cost

    def _numbers(self, name: str) -> tuple[Numbers, Mask]:
        column = self._table[name]
        return column.fillna(0).to_numpy(np.int64), column.notna().to_numpy(bool)

    def _prices_of(self, unnamed: str | None) -> tuple[Amounts, Amounts, Amounts]:
        """Prices of each call's model: input, cached input, output; `unnamed` is the model of calls that name none."""
        names = self._table["model_name"].astype("category").cat  # of a file without calls it is not
        models = [name or unnamed for name in (*names.categories, unnamed)]  # the last has code -1
        codes, in_batch = names.codes.to_numpy(), self._table["batch"].notna().to_numpy(bool)
        routes = [[self._prices.rates(model, batch=batch) or _UNKNOWN for model in models] for batch in (False, True)]
        live, batched = (np.array(rates, np.float64)[codes] for rates in routes)
        of_input, of_cached, of_output = np.where(in_batch[:, None], batched, live).T
        return of_input, of_cached, of_output


def made_up_mask(paid_calls: pd.DataFrame, model: str) -> Mask:
    """Whether a price of the call's model is made up; `model` is that of calls that name none."""
    names = paid_calls["model_name"].astype("category").cat
    made_up = np.array([is_made_up(name) for name in (*names.categories, model)], np.bool_)  # the last has code -1
    return made_up[names.codes.to_numpy()]


def group_sums(values: Numbers, groups: NDArray[np.intp], number: int) -> list[int]:
    """Exact sum of each group, however large: the halves of the numbers are added up apart.

    Args:
        values: Whole numbers, none negative.
        groups: Group of each.
        number: How many groups there are.
    """
    high, low = np.zeros(number, np.int64), np.zeros(number, np.int64)
    np.add.at(high, groups, values >> _HALF)
    np.add.at(low, groups, values & _LOW)
    return [(above << _HALF) + below for above, below in zip(high.tolist(), low.tolist(), strict=True)]


def group_sums_of_parts(amounts: Amounts, parts: int, groups: NDArray[np.intp], number: int) -> list[int]:
    """Exact sum of each group in whole parts, such as femto-USD: the same for any order and grouping of the amounts.

    Args:
        amounts: None negative, none unknown.
        parts: Parts of the unit.
        groups: Group of each.
        number: How many groups there are.
    """
    whole = np.rint(amounts * parts)
    if not len(whole) or whole.max() < _MOST_WHOLE:
        return group_sums(whole.astype(np.int64), groups, number)
    sums = [0] * number
    for group, amount in zip(groups.tolist(), whole.tolist(), strict=True):
        sums[group] += int(amount)
    return sums


def groups_with(condition: Mask, groups: NDArray[np.intp], number: int) -> Mask:
    """Whether a group has a call for which the condition holds."""
    found = np.zeros(number, np.bool_)
    found[groups[condition]] = True
    return found
