"""Admission of calls: a rate limiter, and a circuit breaker that must be closed."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta
from math import isinf
from typing import NamedTuple

from aiolimiter import AsyncLimiter

from synthetic_textcat.llm.circuit_breaker import CircuitBreaker, Failure, State
from synthetic_textcat.llm.prompts import Messages
from synthetic_textcat.llm.single_call import Asked
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.outcomes import Outage, local_time

logger = logging.getLogger(__name__)

_A_YEAR_S = 365 * 86_400.0
"""A server may name any number; a calendar ends."""

_MINUTE_S = 60.0
_BELOW = 1.02
"""Two per cent below the limit: a server's minute and ours never begin together."""

_CHARACTERS_A_TOKEN = 4
"""For a server that counts no tokens; about what English takes with the usual tokenisers."""

_USUAL_REPLY = 300.0
"""Tokens expected of a reply as long as none has come."""


class Ticket(NamedTuple):
    """Leave to make one call.

    Attributes:
        expected: Tokens that it is expected to take.
        begun_at: By the breaker's clock.
        is_probe: Whether it finds out for all if the server is back.
    """

    expected: float
    begun_at: float
    is_probe: bool


class RateLimiter:
    """Hands out turns so that no minute holds more requests or tokens than the limits; without limits at once.

    What a call will take is known only when it is done. So a turn takes what replies took on average so far, and a call
    that took more (or less) is made up for by the next turns. A rate limiter belongs to one event loop.

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
        """Whether there is a turn to wait for."""
        return self._requests is not None or self._tokens is not None

    async def acquire(self, messages: Messages) -> float:
        """Waits until the next call may go out, first come, first served; the tokens that it is expected to take."""
        if not self.is_limited:
            return 0.0
        async with self._in_line:
            if self._requests is not None:
                await self._requests.acquire()
            expected = self._taken / self._calls if self._calls else _tokens_in(messages) + _USUAL_REPLY
            self._owed += expected
            await self._take_tokens()
        return expected

    def give_back(self, expected: float) -> None:
        """Takes back a turn of which no call came."""
        self._owed -= expected

    def note(self, expected: float, completion: Completion, messages: Messages) -> None:
        """Takes in what a call took in the end, beside what was expected when it had its turn."""
        taken = completion.tokens if completion.is_counted else _guess(completion, messages)
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


class Admission:
    """Rate limiter and circuit breaker of one run; belongs to one event loop.

    A call that waits, for its turn or for a retry, is not in flight.
    """

    def __init__(self, rate_limiter: RateLimiter, breaker: CircuitBreaker) -> None:
        self._rate_limiter = rate_limiter
        self._breaker = breaker
        self._in_flight = 0
        self._changed = asyncio.Event()
        self._announced: str | None = None

    def has_answered(self) -> bool:
        """Whether the server has answered any call of this run."""
        return self._breaker.has_answered

    @property
    def outage(self) -> Outage | None:
        """Why the run is to stop; None while it is not."""
        last = self._breaker.last
        if self._breaker.state is not State.STOPPED or last is None:
            return None
        requested_wait_s = self._breaker.requested_wait_s
        until = (
            None
            if requested_wait_s is None
            else datetime.now().astimezone() + timedelta(seconds=min(requested_wait_s, _A_YEAR_S))
        )
        return Outage(cause=last.cause, words=last.words, until=until)

    def enter_at_once(self) -> Ticket | None:
        """Leave to make a call, where there is nothing to wait for; None where there is."""
        if self._rate_limiter.is_limited or not self._breaker.is_closed:
            return None
        self._in_flight += 1
        return Ticket(0.0, self._breaker.now(), is_probe=False)

    async def enter(self, messages: Messages) -> Ticket:
        """Waits until one more call may go out. Whoever enters has to leave."""
        while True:
            is_probe = not self._breaker.is_closed and await self._is_the_probe()
            try:
                expected = await self._rate_limiter.acquire(messages)
            except BaseException:
                if is_probe:
                    self._breaker.abandon_probe()
                raise
            if is_probe or self._breaker.is_closed:
                self._in_flight += 1
                return Ticket(expected, self._breaker.now(), is_probe)
            self._rate_limiter.give_back(expected)

    def leave(self, ticket: Ticket, asked: Asked | None, messages: Messages, *, rows_remain: bool = True) -> None:
        """Takes in what came of a call; None where an error of ours ended it."""
        in_flight, self._in_flight = self._in_flight, self._in_flight - 1
        if asked is None:
            self._rate_limiter.give_back(ticket.expected)
            if ticket.is_probe:
                self._breaker.abandon_probe()
            return
        self._rate_limiter.note(ticket.expected, asked.completion, messages)
        before = self._breaker.state
        if asked.completion.replied or not asked.may_retry:  # a server that refuses a request is there
            self._breaker.succeed(ticket.begun_at)
        else:
            failure = Failure(asked.completion.status, asked.completion.error or "", asked.retry_after_s)
            row = asked.completion.request_id
            self._breaker.fail(failure, row, in_flight, rows_remain=rows_remain, is_probe=ticket.is_probe)
        if self._breaker.state is not before:
            self._announce()
            self._changed.set()
            self._changed = asyncio.Event()

    def conclude(self) -> None:
        """All calls are made, or the run is over."""
        self._breaker.conclude()

    async def _is_the_probe(self) -> bool:
        """Waits while the breaker is open; whether this call is to be the probe."""
        while not self._breaker.is_closed:
            wait_s = self._breaker.wait_s
            if wait_s <= 0:
                self._breaker.begin_probe()
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(None if isinf(wait_s) else wait_s):
                    await self._changed.wait()
        return False

    def _announce(self) -> None:
        """Logs each change; what the server said only once an outage, unless its cause changes."""
        last = self._breaker.last
        if self._breaker.is_closed:
            self._announced = None
            logger.info("The server answers again")
        elif self._breaker.state in (State.OPEN, State.STOPPED) and last is not None:
            is_new, self._announced = last.cause != self._announced, last.cause
            why = f"No replies any more ({last.cause}: {last.words})" if is_new else "Still no reply"
            logger.warning("%s. %s", why, self._what_follows())

    def _what_follows(self) -> str:
        if self._breaker.state is State.STOPPED:
            return "The run stops here"
        at = datetime.now().astimezone() + timedelta(seconds=self._breaker.wait_s)
        return f"Waiting until {local_time(at)}"


def _evenly(per_minute: int | None, at_once: float) -> AsyncLimiter | None:
    if per_minute is None:
        return None
    return AsyncLimiter(at_once, at_once * _MINUTE_S / per_minute * _BELOW)


def _guess(completion: Completion, messages: Messages) -> float:
    if not completion.replied:
        return 0.0
    return _tokens_in(messages) + len(completion.raw_text) / _CHARACTERS_A_TOKEN


def _tokens_in(messages: Messages) -> float:
    return sum(len(str(message.content)) for message in messages) / _CHARACTERS_A_TOKEN
