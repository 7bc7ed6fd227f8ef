"""What calls cost: the user's dated price list, and money from token counts. Unknown is unknown, never a guess."""

import datetime
import re
from collections.abc import Iterable
from functools import reduce
from math import floor, log10
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.schemas.completions import Completion

PRICE_LIST = "conf/base/prices.yml"

_MILLION = 1_000_000
_SNAPSHOT = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")
"""The date at the end of a name that a server gives: `gpt-4o-mini-2024-07-18` costs what `gpt-4o-mini` costs."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Price(_Strict):
    """One model's prices, USD per million tokens; without `cached_input`, cached tokens cost what others do."""

    input: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0)
    output: float = Field(ge=0)


class PriceList(_Strict):
    """The file of prices.

    Attributes:
        as_of: The day on which somebody last looked them up.
        usd_per_million_tokens: Model → its prices, null where they are not known.
    """

    as_of: datetime.date
    usd_per_million_tokens: dict[str, Price | None]

    @classmethod
    def read(cls, content: Any) -> Self:
        """The list from the file's content.

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
                f"{PRICE_LIST}: {'; '.join(places)}. Next: give as_of (a date) and, for each model, input, "
                "cached_input (or not) and output in USD per million tokens; null for a model of unknown prices"
            ) from None

    def price(self, model: str | None) -> Price | None:
        """The prices of a model by the name that asks for it or that the server gives it; None where unknown."""
        if model is None:
            return None
        known = self.usd_per_million_tokens
        return known[model] if model in known else known.get(_SNAPSHOT.sub("", model))

    def cost_usd(self, completion: Completion) -> float | None:
        """USD of one call; 0 where no reply came, None where the price or a token count is unknown."""
        read, written = completion.prompt_tokens, completion.completion_tokens
        if not completion.replied or read == written == 0:
            return 0.0
        price = self.price(completion.model_name)
        if price is None or read is None or written is None:
            return None
        cached = min(completion.cached_tokens or 0, read)
        cached_price = price.input if price.cached_input is None else price.cached_input
        return ((read - cached) * price.input + cached * cached_price + written * price.output) / _MILLION


def plus(total: float | None, cost: float | None) -> float | None:
    """The sum of two amounts, or None if one of them is unknown."""
    return None if total is None or cost is None else total + cost


def total_usd(costs: Iterable[float | None]) -> float | None:
    """The sum of all, or None if one of them is unknown."""
    nothing: float | None = 0.0
    return reduce(plus, costs, nothing)


def usd(amount: float) -> str:
    """An amount to be read: to the cent, below a dollar to two figures at least."""
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.{max(2, 1 - floor(log10(amount)))}f}"
