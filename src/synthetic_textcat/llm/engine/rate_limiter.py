"""Rate limiter of requests and tokens per minute: calls go out evenly, first come, first served."""

import asyncio

from aiolimiter import AsyncLimiter

from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.schemas.completions import Completion

_MINUTE_S = 60.0

_BELOW = 1.02
"""Two per cent below the limit, since the server's minute and ours do not start together."""

_CHARACTERS_A_TOKEN = 4
"""Estimate for a server that reports no token counts; typical for English and common tokenisers."""

_USUAL_REPLY = 300.0
"""Tokens expected of a reply until the first one arrives."""


class RateLimiter:
    """Rate limiter of requests and tokens per minute.

    A call's tokens are known only when it has ended. So `acquire` reserves the average of the replies so far, and the
    difference is settled by later calls. A rate limiter belongs to one event loop.

    Args:
        requests_per_minute: Requests sent, retries included; None = no limit.
        tokens_per_minute: Tokens read and written; None = no limit.
    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._requests = _evenly(requests_per_minute, at_once=1)
        # A second's worth at once: one by one, tokens would be thousands of wake-ups.
        self._tokens = _evenly(tokens_per_minute, at_once=max(1, (tokens_per_minute or 0) / _MINUTE_S))
        self._in_line = asyncio.Lock()
        self._calls = 0
        self._taken = self._owed = 0.0

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self._requests is not None or self._tokens is not None

    async def acquire(self, messages: Messages) -> float:
        """Waits until the next call may go out, first come, first served; returns the tokens reserved for it."""
        if not self.is_limited:
            return 0.0
        async with self._in_line:
            if self._requests is not None:
                await self._requests.acquire()
            expected = self._taken / self._calls if self._calls else usual_tokens(messages)
            self._owed += expected
            await self._take_tokens()
        return expected

    def give_back(self, expected: float) -> None:
        """Returns the tokens of a call that was not made."""
        self._owed -= expected

    def note(self, expected: float, completion: Completion, messages: Messages) -> None:
        """Records the tokens that a call used, against the number reserved for it."""
        taken = tokens_taken(completion, messages)
        self._owed += taken - expected
        if completion.replied:
            self._taken += taken
            self._calls += 1

    async def _take_tokens(self) -> None:
        if self._tokens is None:
            return
        while self._owed >= 1:
            amount = min(self._owed, self._tokens.max_rate)
            await self._tokens.acquire(amount)
            self._owed -= amount


def _evenly(per_minute: int | None, at_once: float) -> AsyncLimiter | None:
    if per_minute is None:
        return None
    return AsyncLimiter(at_once, at_once * _MINUTE_S / per_minute * _BELOW)


def usual_tokens(messages: Messages) -> float:
    """Tokens expected of a call before any reply has been counted."""
    return _tokens_in(messages) + _USUAL_REPLY


def tokens_taken(completion: Completion, messages: Messages) -> float:
    """Tokens that a call used; estimated by the length of its texts if the server reports none."""
    if completion.is_counted:
        return completion.tokens
    if not completion.replied:
        return 0.0
    return _tokens_in(messages) + len(completion.raw_text) / _CHARACTERS_A_TOKEN


def _tokens_in(messages: Messages) -> float:
    return sum(len(str(message.content)) for message in messages) / _CHARACTERS_A_TOKEN
