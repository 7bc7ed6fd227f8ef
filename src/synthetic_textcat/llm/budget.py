"""What a run may spend: it stops asking when a cap is reached, and what is in flight is all that it overshoots."""

from collections.abc import Iterable

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PRICE_LIST, PriceList


class Budget:
    """Adds up what a run spends.

    Args:
        generation: With the caps, `max_cost_usd` and `max_tokens_total`.
        prices: What tokens cost.
        model: The model that will be asked.
        spent: The completions that this run has made already.

    Raises:
        PriceListError: If there is a cap and what it caps can't be known: the cap could not be kept.
    """

    def __init__(
        self, generation: GenerationParameters, prices: PriceList, model: str, spent: Iterable[Completion] = ()
    ) -> None:
        self._max_usd = generation.max_cost_usd
        self._max_tokens = generation.max_tokens_total
        self._prices = prices
        self._usd = 0.0
        self._tokens = 0
        if self._max_usd is not None and prices.price(model) is None:
            raise _unknown(f"{PRICE_LIST} has no price for {model}", model)
        for completion in spent:
            self.note(completion)

    @property
    def is_spent(self) -> bool:
        """Whether a cap is reached."""
        return (self._max_usd is not None and self._usd >= self._max_usd) or (
            self._max_tokens is not None and self._tokens >= self._max_tokens
        )

    def note(self, completion: Completion) -> None:
        """Adds a call.

        Raises:
            PriceListError: If there is a cap and this call's cost, or its tokens, can't be known.
        """
        caps = {"max_tokens_total": self._max_tokens, "max_cost_usd": self._max_usd}
        for cap in (name for name, value in caps.items() if value is not None and not completion.is_counted):
            raise PriceListError(
                f"The server does not say how many tokens a call took, so generation.{cap} can't be kept. "
                "Next: bound the run by attribute_sampling.num_examples instead"
            )
        self._tokens += completion.tokens
        if self._max_usd is None:
            return
        cost = self._prices.cost_usd(completion)
        if cost is None:
            name = completion.model_name
            raise _unknown(f"The server calls its model {name}, which has no price in {PRICE_LIST}", name)
        self._usd += cost


def _unknown(why: str, model: str | None) -> PriceListError:
    return PriceListError(
        f"{why}, so generation.max_cost_usd can't be kept. "
        f"Next: add the price of {model} there, or set max_tokens_total or num_examples instead"
    )
