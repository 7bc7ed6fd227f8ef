"""Admission control: a call goes out when the rate limiter has room and the circuit breaker is closed."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta
from math import isinf
from typing import NamedTuple

from synthetic_textcat.llm.engine.circuit_breaker import CircuitBreaker, Failure, State
from synthetic_textcat.llm.engine.rate_limiter import RateLimiter
from synthetic_textcat.llm.engine.single_call import CallResult
from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.schemas.stops import Outage, local_time

logger = logging.getLogger(__name__)

_A_YEAR_S = 365 * 86_400.0
"""Upper bound of a wait that a server asks for: dates have a limit."""


class Ticket(NamedTuple):
    """Permission to make one call.

    Attributes:
        expected: Tokens that the call is expected to use.
        begun_at: Time of admission by the breaker's clock.
        is_probe: Whether the call is the breaker's probe, which tests whether the server is back.
    """

    expected: float
    begun_at: float
    is_probe: bool


class Admission:
    """Rate limiter and circuit breaker of one run; belongs to one event loop.

    A call that waits for admission or for a retry is not in flight.
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
        """The outage that stops the run; None if there is none."""
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
        """A ticket if the call can go out without waiting, else None."""
        if self._rate_limiter.is_limited or not self._breaker.is_closed:
            return None
        self._in_flight += 1
        return Ticket(0.0, self._breaker.now(), is_probe=False)

    async def enter(self, messages: Messages) -> Ticket:
        """Waits until one more call may go out. Each `enter` needs a `leave`."""
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

    def leave(self, ticket: Ticket, asked: CallResult | None, messages: Messages, *, rows_remain: bool = True) -> None:
        """Records the result of a call; None if an error in our code ended it."""
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
        """Ends admission: all calls are made, or the run is over."""
        self._breaker.conclude()

    async def _is_the_probe(self) -> bool:
        """Waits while the breaker is open; returns whether this call is the probe."""
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
        """Logs each change of state; the server's words once per outage and cause."""
        last = self._breaker.last
        if self._breaker.is_closed:
            self._announced = None
            logger.info("The server answers again")
        elif self._breaker.state in (State.OPEN, State.STOPPED) and last is not None:
            is_new, self._announced = last.cause != self._announced, last.cause
            why = f"No replies any more ({last.cause}: {last.words})" if is_new else "Still no reply"
            logger.warning("%s. %s", why, self._next_action())

    def _next_action(self) -> str:
        if self._breaker.state is State.STOPPED:
            return "The run stops here"
        at = datetime.now().astimezone() + timedelta(seconds=self._breaker.wait_s)
        return f"Waiting until {local_time(at)}"
