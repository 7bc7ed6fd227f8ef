"""Budget: spending caps of a run, checked before each call against an upper bound of its tokens."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, NamedTuple

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.hashing import canonical_json
from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PRICE_LIST, PriceList, reaches

_TEMPLATE_TOKENS = 256
"""Allowance for tokens that a server adds to the messages: role tokens, its own system prompt, the date."""

_ENOUGH_REPLIES = 59
"""The largest of 59 draws lies above the 95 % quantile in 95 of 100 cases (Wilks: 0.95 ** 59 < 0.05)."""

_SCHEMAS_KEPT = 1 << 12
"""Schemas whose size is kept: there is one for each task, and more of planned labels."""

_WRITTEN_UNSEEN = 4_096
"""Assumed length of a reply in tokens until `_ENOUGH_REPLIES` are counted."""


class TokenBound(NamedTuple):
    """Upper bound of the tokens that a call used."""

    prompt: int
    completion: int


class Totals(NamedTuple):
    """Amount spent, as far as a cap needs it.

    Attributes:
        tokens, usd: As named.
        calls: Calls that used tokens.
    """

    tokens: float
    usd: float
    calls: int


class Budget:
    """Running total of a run's tokens and costs, with its caps.

    A call of unknown usage counts with its upper bound. The exception is a reply with content: then the server reports
    no usage at all, and a cap can't be kept.

    Args:
        generation: Holds the caps, `max_cost_usd` and `max_tokens_total`.
        prices: Prices of tokens.
        model: The model that will be called.
        spent: Completions that this run has already made.

    Attributes:
        is_capped: Whether there is a cap.
        noted: Number of completions counted.

    Raises:
        PriceListError: If there is a cap that can't be kept because the price is unknown.
    """

    def __init__(
        self,
        generation: GenerationParameters,
        prices: PriceList,
        model: str,
        spent: Iterable[Completion] = (),
    ) -> None:
        self._caps = {"max_tokens_total": generation.max_tokens_total, "max_cost_usd": generation.max_cost_usd}
        self.is_capped = any(cap is not None for cap in self._caps.values())
        self._prices = prices
        self._model = model
        self._bound = UsageBound()
        self._spent = {"max_tokens_total": 0.0, "max_cost_usd": 0.0}
        self._calls = self.noted = 0
        self._reserved = {"max_tokens_total": 0.0, "max_cost_usd": 0.0}
        self.go_on_with(model, spent)
        self.noted = 0

    def go_on_with(self, model: str, spent: Iterable[Completion] = ()) -> None:
        """Continues the total with calls to this model: first those that this run has already made.

        Raises:
            PriceListError: As above.
        """
        self._model = model
        if self._caps["max_cost_usd"] is not None and self._prices.price(model) is None:
            raise _unpriced(f"There is no price for {model} in {PRICE_LIST}", model)
        for completion in spent:
            self.note(completion)

    @property
    def totals(self) -> Totals:
        """The amount spent; zeros without a cap."""
        return Totals(self._spent["max_tokens_total"], self._spent["max_cost_usd"], self._calls)

    @property
    def is_spent(self) -> bool:
        """Whether a cap is reached."""
        return self._reached(calls_ahead=0)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has been spent."""
        return not any(self._spent.values())

    def has_room(self, in_flight: int) -> bool:
        """Whether one more call may start, if each call in flight uses the average of the calls so far.

        A call may always start alone, so that a run reaches its cap. Until the first usage is known, calls go out one
        at a time.
        """
        return not in_flight or (self._calls > 0 and not self._reached(calls_ahead=in_flight))

    def reserve(self, tokens: float, usd: float | None) -> None:
        """Sets an amount aside for a batch under way; a negative one is given back, once the batch's usage is noted."""
        self._reserved["max_tokens_total"] += tokens
        self._reserved["max_cost_usd"] += usd or 0.0

    def fits(self, tokens: float, usd: float | None) -> bool:
        """Whether this amount stays within the caps, next to what is spent and reserved."""
        more = {"max_tokens_total": tokens, "max_cost_usd": usd or 0.0}
        return all(
            cap is None or self._spent[name] + self._reserved[name] + more[name] <= cap
            for name, cap in self._caps.items()
        )

    def bound(self, messages: Messages, schema: dict[str, Any], max_tokens: int | None) -> TokenBound:
        """Upper bound of the tokens of a call of unknown usage, with the limit that was sent."""
        return self._bound.of(messages, schema, max_tokens)

    def note(self, completion: Completion) -> None:
        """Adds a call to the total; one of unknown usage counts by its upper bound.

        Raises:
            PriceListError: If there is a cap, and the server answers with a text and no counts. A text within an error,
                as Groq's of a failed tool call, is an exception: other replies have counts.
        """
        self._bound.note(completion)
        self.noted += 1
        if not self.is_capped:
            return
        if not completion.is_counted and completion.has_content and completion.error is None:
            caps = " and ".join(f"generation.{name}" for name, cap in self._caps.items() if cap is not None)
            raise PriceListError(
                f"The server does not report how many tokens a call used, so {caps} can't be kept: no further call was "
                "made, and all replies are saved. Next: limit the run by attribute_sampling.num_examples instead"
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
        if not self.is_capped:
            return False
        ahead = {name: calls_ahead * spent / max(self._calls, 1) for name, spent in self._spent.items()}
        return any(
            cap is not None and reaches(self._spent[name] + ahead[name], cap) for name, cap in self._caps.items()
        )


def _unpriced(why: str, model: str | None) -> PriceListError:
    return PriceListError(
        f"{why}, so generation.max_cost_usd can't be kept. "
        f"Next: add the price of {model} there, or set max_tokens_total or num_examples instead"
    )


class UsageBound:
    """Upper bound of a call's tokens.

    - Prompt: the bytes of the messages in UTF-8 and of the response schema, since no token is less than a byte, + 256.
    - Completion: the limit sent with the call; without one, the longest reply of this run so far, and at least 4,096
      until 59 replies are counted.
    """

    def __init__(self) -> None:
        self._counted = self._most_written = 0
        self._sizes: dict[int, tuple[dict[str, Any], int]] = {}

    def note(self, completion: Completion) -> None:
        """Updates the bound with the usage of a reply."""
        if completion.replied and completion.completion_tokens:
            self._counted += 1
            self._most_written = max(self._most_written, completion.completion_tokens)

    def of(self, messages: Messages, schema: dict[str, Any], max_tokens: int | None) -> TokenBound:
        """Upper bound of the tokens of a call with these messages and this limit."""
        texts = [str(message.content) for message in messages]
        read = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) + self._size_of(schema)
        return TokenBound(read + _TEMPLATE_TOKENS, self._written() if max_tokens is None else max_tokens)

    def _size_of(self, schema: dict[str, Any]) -> int:
        """Bytes of a schema, which many calls share; it is kept alive, so that its id is not reused."""
        if id(schema) not in self._sizes:
            if len(self._sizes) >= _SCHEMAS_KEPT:
                self._sizes.clear()
            self._sizes[id(schema)] = schema, len(canonical_json(schema))
        return self._sizes[id(schema)][1]

    def _written(self) -> int:
        return self._most_written if self._counted >= _ENOUGH_REPLIES else max(self._most_written, _WRITTEN_UNSEEN)


class SpendingGate:
    """Limit on the calls in flight near a spending cap, so that they can't all overshoot it. One event loop.

    Args:
        budget: The remaining budget and the average usage of a call.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._in_flight = 0
        self._landed = asyncio.Condition()

    def slot(self) -> AbstractAsyncContextManager[None]:
        """A slot for one call, held from before it is sent until the budget has recorded it; waits for room."""
        return self._counted() if self._budget.is_capped else nullcontext()

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        async with self._landed:
            await self._landed.wait_for(lambda: self._budget.has_room(self._in_flight))
            self._in_flight += 1
        try:
            yield
        finally:
            async with self._landed:
                self._in_flight -= 1
                self._landed.notify_all()
