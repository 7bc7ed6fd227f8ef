"""Admission control of a run in one process: rate limiter, circuit breaker and spending gate before each call."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from math import isinf

from synthetic_textcat.llm.calls.budget import Budget, SpendingGate
from synthetic_textcat.llm.calls.first_replies import FirstReplies
from synthetic_textcat.llm.engine.circuit_breaker import BreakerState, CircuitBreaker, Failure
from synthetic_textcat.llm.engine.meter import BreakerLog, Halt, Meter, Ticket, outage_of
from synthetic_textcat.llm.engine.rate_limiter import RateLimiter
from synthetic_textcat.llm.engine.run_stops import Refusals
from synthetic_textcat.llm.engine.single_call import CallResult
from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.schemas.stops import Outage


class Admission(Meter):
    """Rate limiter, circuit breaker and budget of one run; belongs to one event loop.

    A call that waits for admission or for a retry is not in flight.
    """

    def __init__(self, rate_limiter: RateLimiter, breaker: CircuitBreaker, budget: Budget) -> None:
        self._rate_limiter = rate_limiter
        self._breaker = breaker
        self._budget = budget
        self._spending_gate = SpendingGate(budget)
        self._refusals = Refusals()
        self._in_flight = 0
        self._changed = asyncio.Event()
        self._log = BreakerLog()

    @property
    def verdict(self) -> str:
        """Message of the error after several refusals in a row; empty if there is none."""
        return self._refusals.message

    def first_replies(self, watch: bool, kind: str) -> FirstReplies:
        """The first replies to one kind of call, which end the run if all of them are bad."""
        return FirstReplies(watch, kind)

    def has_answered(self) -> bool:
        """Whether the server has answered any call of this run."""
        return self._breaker.has_answered

    @property
    def outage(self) -> Outage | None:
        """The outage that stops the run; None if there is none."""
        last = self._breaker.last
        if self._breaker.state is not BreakerState.STOPPED or last is None:
            return None
        return outage_of(last, self._breaker.requested_wait_s)

    @property
    def is_over(self) -> bool:
        """Whether no further call may start: a cap is reached, or the server has stopped answering."""
        return self._budget.is_spent or self.outage is not None

    def begin(self, halt: Halt, prove: Callable[[], None]) -> None:
        """Does nothing: only calls of this pool end the run or prove the server."""

    def slot(self) -> AbstractAsyncContextManager[None]:
        """A slot for one call near a spending cap; waits for room."""
        return self._spending_gate.slot()

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
        self._refusals.note(asked.refusal)
        before = self._breaker.state
        if asked.shows_server:
            self._breaker.succeed(ticket.begun_at)
        else:
            failure = Failure(asked.completion.status, asked.completion.error or "", asked.retry_after_s)
            row = asked.completion.request_id
            self._breaker.fail(failure, row, in_flight, rows_remain=rows_remain, is_probe=ticket.is_probe)
        if self._breaker.state is not before:
            self._log.note(self._breaker.state, self._breaker.last, self._breaker.wait_s)
            self._changed.set()
            self._changed = asyncio.Event()

    def fail(self, error: BaseException) -> None:
        """Does nothing: the pool itself raises the error."""

    def conclude(self) -> None:
        """Ends admission: all calls are made, or the run is over."""
        self._breaker.conclude()

    async def close(self) -> None:
        """Does nothing: this meter holds nothing elsewhere."""

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
