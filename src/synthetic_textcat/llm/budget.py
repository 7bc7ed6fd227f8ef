"""What a run may spend: it stops asking when a cap is reached, and says so where a cap can't be kept."""

from collections.abc import Iterable
from typing import Any

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.llm.prompts import Messages
from synthetic_textcat.llm.usage_bound import TokenBound, UsageBound
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PRICE_LIST, PriceList, reaches


class Budget:
    """Adds up what a run spends.

    A call of unknown usage counts with its upper bound, but for a reply with content: then the server counts nothing,
    and a cap can't be kept.

    Args:
        generation: With the caps, `max_cost_usd` and `max_tokens_total`.
        prices: What tokens cost.
        model: The model that will be asked.
        spent: The completions that this run has made already.
        max_tokens: `llm.max_tokens`, for the upper bound.

    Attributes:
        is_capped: Whether there is a cap.

    Raises:
        PriceListError: If there is a cap and what it caps can't be known: the cap could not be kept.
    """

    def __init__(
        self,
        generation: GenerationParameters,
        prices: PriceList,
        model: str,
        spent: Iterable[Completion] = (),
        max_tokens: int | None = None,
    ) -> None:
        self._caps = {"max_tokens_total": generation.max_tokens_total, "max_cost_usd": generation.max_cost_usd}
        self.is_capped = any(cap is not None for cap in self._caps.values())
        self._prices = prices
        self._model = model
        self._bound = UsageBound(max_tokens)
        self._spent = {"max_tokens_total": 0.0, "max_cost_usd": 0.0}
        self._calls = 0
        if generation.max_cost_usd is not None and prices.price(model) is None:
            raise _unpriced(f"There is no price for {model} in {PRICE_LIST}", model)
        for completion in spent:
            self.note(completion)

    @property
    def is_spent(self) -> bool:
        """Whether a cap is reached."""
        return self._reached(calls_ahead=0)

    def has_room(self, in_flight: int) -> bool:
        """Whether one more call may start beside those in flight, each of which will take what calls took on average.

        Alone a call may always start, so that a run comes to its cap; and as long as none has told what calls take, one
        at a time.
        """
        return not in_flight or (self._calls > 0 and not self._reached(calls_ahead=in_flight))

    def bound(self, messages: Messages, schema: dict[str, Any]) -> TokenBound:
        """What a call of unknown usage may have taken."""
        return self._bound.of(messages, schema)

    def note(self, completion: Completion) -> None:
        """Adds a call.

        Raises:
            PriceListError: If there is a cap and this call's cost, or its tokens, can't be known.
        """
        self._bound.note(completion)
        if not self.is_capped:
            return
        if not completion.is_counted and completion.has_content:
            caps = " and ".join(f"generation.{name}" for name, cap in self._caps.items() if cap is not None)
            raise PriceListError(
                f"The server does not say how many tokens a call took, so {caps} can't be kept: no further call was "
                "made, and what was answered is saved. Next: bound the run by attribute_sampling.num_examples instead"
            )
        tokens = completion.tokens if completion.is_counted else completion.tokens_at_most or 0
        self._calls += tokens > 0
        self._spent["max_tokens_total"] += tokens
        if self._caps["max_cost_usd"] is not None:
            self._spent["max_cost_usd"] += self._usd(completion)

    def _usd(self, completion: Completion) -> float:
        if completion.is_counted:
            usd = self._prices.cost_usd(completion)
        else:
            usd = self._prices.at_most_usd(completion, self._model) if completion.tokens_at_most else 0.0
        if usd is None:
            name = completion.model_name
            raise _unpriced(f"The server calls its model {name}, which has no price in {PRICE_LIST}", name)
        return usd

    def _reached(self, calls_ahead: int) -> bool:
        ahead = {name: calls_ahead * spent / max(self._calls, 1) for name, spent in self._spent.items()}
        return any(
            cap is not None and reaches(self._spent[name] + ahead[name], cap) for name, cap in self._caps.items()
        )


def _unpriced(why: str, model: str | None) -> PriceListError:
    return PriceListError(
        f"{why}, so generation.max_cost_usd can't be kept. "
        f"Next: add the price of {model} there, or set max_tokens_total or num_examples instead"
    )
