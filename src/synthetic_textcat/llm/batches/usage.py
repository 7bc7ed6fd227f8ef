"""Estimated usage of a request in a batch, charged to a cap before the batch is sent.

As in a quote: the upper end of the 95 % range of the mean over replies to the same plan, once there are enough of them
(a quote's pilot is enough). Before that, the hard upper bound of each request: the bytes of its prompt, and its token
limit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import sqrt

from synthetic_textcat.llm.calls.budget import TokenBound
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.prices import PriceList

FEWEST = 20
"""Number of counted replies from which the mean is used: the rows of a quote's pilot."""

_T = 2.1
"""97.5 % quantile of Student's t with 19 degrees of freedom; it is lower for more."""


@dataclass(slots=True)
class RunningMean:
    """Mean and standard error of values as they come (Welford's method)."""

    number: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Adds a value."""
        self.number += 1
        step = value - self.mean
        self.mean += step / self.number
        self.squares += step * (value - self.mean)

    @property
    def high(self) -> float:
        """Upper end of the 95 % range of the mean."""
        return self.mean + _T * sqrt(self.squares / (self.number - 1) / self.number)


class BatchUsage:
    """Upper end of the usage of a request in a batch.

    Args:
        prices: Token prices.
        model: The requested model.
        known: Replies to this plan so far, by any route.
    """

    def __init__(self, prices: PriceList, model: str, known: Iterable[Completion] = ()) -> None:
        self._prices = prices
        self._model = model
        self._tokens, self._usd = RunningMean(), RunningMean()
        for completion in known:
            self.note(completion)

    def note(self, completion: Completion) -> None:
        """Adds a counted reply."""
        if not completion.replied or not completion.is_counted or not completion.tokens:
            return
        self._tokens.add(completion.tokens)
        usd = self._prices.cost_usd(completion if completion.batch else replace(completion, batch="priced"))
        if usd is not None:
            self._usd.add(usd)

    def __call__(self, bound: TokenBound) -> tuple[float, float | None]:
        """Tokens and USD of one request with this bound; USD None if the price of a batch is unknown."""
        tokens, usd = float(sum(bound)), self._prices.usd_of(self._model, *bound, batch=True)
        if self._tokens.number >= FEWEST:
            tokens = min(tokens, self._tokens.high)
        if usd is not None and self._usd.number >= FEWEST:
            usd = min(usd, self._usd.high)
        return tokens, usd
