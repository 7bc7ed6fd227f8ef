"""Price list of the user, and the cost of calls from token counts. Unknown costs are None, never a guess."""

import datetime
import re
from collections.abc import Iterable
from functools import reduce
from math import floor, log10
from typing import Any, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL

PRICE_LIST = "the price list (catalog entry prices)"
"""Name for messages; the user's catalog sets the path."""

MADE_UP = "made up: the offline model charges nothing"
"""Said wherever an amount in USD comes from the price of the offline model."""

Amount = TypeVar("Amount", int, float)
"""Tokens, or USD."""

_MILLION = 1_000_000
_ROUNDING = 1e-9
_SNAPSHOT = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")
"""Snapshot date at the end of a server's model name: `gpt-4o-mini-2024-07-18` has the price of `gpt-4o-mini`."""


class _PriceBlock(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Rates(NamedTuple):
    """USD per million tokens by one route: live, or in a batch."""

    input: float
    cached_input: float
    output: float


class Price(_PriceBlock):
    """Prices of one model in USD per million tokens; without `cached_input`, cached tokens cost as much as others.

    The prices of a batch are columns of their own, since not every provider halves every price. Without them the cost
    of a batch is unknown.
    """

    input: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0)
    output: float = Field(ge=0)
    batch_input: float | None = Field(None, ge=0)
    batch_cached_input: float | None = Field(None, ge=0)
    batch_output: float | None = Field(None, ge=0)

    def rates(self, *, batch: bool) -> Rates | None:
        """The prices of a route; None for a batch whose prices are not listed."""
        read, cached, written = (
            (self.batch_input, self.batch_cached_input, self.batch_output)
            if batch
            else (self.input, self.cached_input, self.output)
        )
        return None if read is None or written is None else Rates(read, read if cached is None else cached, written)


class PriceList(_PriceBlock):
    """Content of the price list.

    Attributes:
        as_of: Date of the last update.
        usd_per_million_tokens: Model → its prices, null if unknown.
    """

    as_of: datetime.date
    usd_per_million_tokens: dict[str, Price | None]

    @classmethod
    def read(cls, content: Any) -> Self:
        """The price list from the file's content.

        Raises:
            PriceListError: With one line that names each wrong place.
        """
        try:
            return cls.model_validate({} if content is None else content)
        except ValidationError as error:
            places = (
                f"{'.'.join(map(str, x['loc'])) or 'the file'}: {x['msg'].lower()}"
                for x in error.errors(include_url=False)
            )
            raise PriceListError(
                f"Wrong in {PRICE_LIST}: {'; '.join(places)}. Next: give as_of (a date) and, for each model, input, "
                "output and optionally cached_input, batch_input, batch_cached_input and batch_output in USD per "
                "million tokens; null for a model of unknown prices"
            ) from None

    def price(self, model: str | None) -> Price | None:
        """The prices of a model by its requested name or by the server's name for it; None if unknown."""
        if model is None:
            return None
        known = self.usd_per_million_tokens
        return known[model] if model in known else known.get(_SNAPSHOT.sub("", model))

    def rates(self, model: str | None, *, batch: bool) -> Rates | None:
        """The prices of a model by one route; None if unknown."""
        price = self.price(model)
        return None if price is None else price.rates(batch=batch)

    def usd_of(self, model: str, read: float, written: float, *, batch: bool) -> float | None:
        """Cost in USD of so many tokens read and written, none of them cached; None if the price is unknown."""
        rates = self.rates(model, batch=batch)
        return None if rates is None else (read * rates.input + written * rates.output) / _MILLION

    def cost_usd(self, completion: Completion) -> float | None:
        """Cost of one call in USD by its route; None if the price or a token count is unknown.

        Cached tokens are part of the prompt tokens. If the server does not report them, all count as uncached.
        """
        if not completion.is_counted:
            return None
        read, cached, written = completion.prompt_tokens, completion.cached_tokens, completion.completion_tokens
        if read is None or written is None:  # refused by a rate limit
            return 0.0
        return self.usd_of_counts(completion.model_name, read, cached, written, batch=completion.batch is not None)

    def usd_of_counts(
        self, model: str | None, read: int | None, cached: int | None, written: int | None, *, batch: bool
    ) -> float | None:
        """Cost in USD of a call with these token counts by one route; None if the price or a count is unknown."""
        if read is None or written is None:
            return None
        if not read and not written:
            return 0.0
        rates = self.rates(model, batch=batch)
        if rates is None:
            return None
        cached = min(cached or 0, read)
        return ((read - cached) * rates.input + cached * rates.cached_input + written * rates.output) / _MILLION

    def at_most_usd(self, completion: Completion, model: str) -> float | None:
        """Upper bound in USD of a call of unknown usage; None if the price or the bound is unknown.

        Args:
            completion: The call.
            model: The requested model, for a reply that does not name it.
        """
        read, written = completion.prompt_tokens_at_most, completion.completion_tokens_at_most
        if read is None or written is None:
            return None
        return self.usd_of(completion.model_name or model, read, written, batch=completion.batch is not None)


def is_made_up(model: str | None) -> bool:
    """Whether a price of this model is made up: templates charge nothing, and their price serves to rehearse caps."""
    return model == OFFLINE_MODEL


def plus(total: Amount | None, amount: Amount | None) -> Amount | None:
    """The sum of two amounts, or None if one of them is unknown."""
    return None if total is None or amount is None else total + amount


def total_of(amounts: Iterable[Amount | None], nothing: Amount) -> Amount | None:
    """The sum of all, or None if one of them is unknown."""
    total: Amount | None = nothing
    return reduce(plus, amounts, total)


def reaches(spent: float, cap: float) -> bool:
    """Whether a cap is reached, within the rounding error of sums in another order."""
    return spent >= cap * (1 - _ROUNDING)


def usd(amount: float) -> str:
    """An amount for display: to the cent, below a dollar with at least two significant digits."""
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.{max(2, 1 - floor(log10(amount)))}f}"
