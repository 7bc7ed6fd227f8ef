"""Meter: limits and money of a run, as the worker pool asks for them; in one process, or leased from a cluster."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from synthetic_textcat.errors import TextcatError
from synthetic_textcat.llm.calls.first_replies import FirstReplies
from synthetic_textcat.llm.engine.circuit_breaker import BreakerState, Failure
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
        begun_at: Time of admission by the meter's clock.
        is_probe: Whether the call is the circuit breaker's probe, which tests whether the server is back.
    """

    expected: float
    begun_at: float
    is_probe: bool


Halt = Callable[[TextcatError | None], None]
"""Ends the calls of a pool; with the error that ends them, None if it belongs to another worker."""


class Meter(Protocol):
    """Rate limits, concurrency, spending caps, circuit breaker and first call of a run; belongs to one event loop.

    `Admission` keeps them for a run in one process, `LeasedMeter` for one worker of a cluster.
    """

    @property
    def outage(self) -> Outage | None:
        """The outage that stops the run; None if there is none."""

    @property
    def is_over(self) -> bool:
        """Whether no further call may start: a cap is reached, or the server has stopped answering."""

    @property
    def verdict(self) -> str:
        """Message of the error after several refusals in a row; empty if there is none, or the cluster counts them."""

    def first_replies(self, watch: bool, kind: str) -> FirstReplies:
        """The first replies to one kind of call.

        Args:
            watch: Whether no earlier reply of this kind was good.
            kind: The name of the reply's schema.
        """

    def has_answered(self) -> bool:
        """Whether the server has answered any call of this run."""

    def begin(self, halt: Halt, prove: Callable[[], None]) -> None:
        """Connects the pool.

        Args:
            halt: Called when the calls must end for a reason that is not a call of this pool.
            prove: Called when a call of another worker has ended, so that this pool's first call need not go alone.
        """

    def slot(self) -> AbstractAsyncContextManager[None]:
        """A slot for one call, held from before admission until the budget has recorded it."""

    def enter_at_once(self) -> Ticket | None:
        """A ticket if the call can go out without waiting, else None."""

    async def enter(self, messages: Messages) -> Ticket:
        """Waits until one more call may go out. Each ticket needs a `leave`."""

    def leave(self, ticket: Ticket, asked: CallResult | None, messages: Messages, *, rows_remain: bool = True) -> None:
        """Records the result of a call; None if an error in our code ended it."""

    def fail(self, error: BaseException) -> None:
        """Records the error that ends the calls."""

    def conclude(self) -> None:
        """Ends admission: all calls of this pool are made."""

    async def close(self) -> None:
        """Releases everything held."""


def outage_of(last: Failure, requested_wait_s: float | None) -> Outage:
    """The outage that ends a run, from its last failure and the wait that the server asks for."""
    if requested_wait_s is None:
        return Outage(cause=last.cause, words=last.words)
    until = datetime.now().astimezone() + timedelta(seconds=min(requested_wait_s, _A_YEAR_S))
    return Outage(cause=last.cause, words=last.words, until=until)


class BreakerLog:
    """Log lines of a circuit breaker: each change of state; the server's words once per outage and cause."""

    def __init__(self) -> None:
        self._announced: str | None = None

    def note(self, state: BreakerState, last: Failure | None, wait_s: float) -> None:
        """Logs a new state, with the last failure and the seconds until the next probe."""
        if state is BreakerState.CLOSED:
            self._announced = None
            logger.info("The server answers again")
        elif state in (BreakerState.OPEN, BreakerState.STOPPED) and last is not None:
            is_new, self._announced = last.cause != self._announced, last.cause
            why = f"No replies any more ({last.cause}: {last.words})" if is_new else "Still no reply"
            logger.warning("%s. %s", why, _next_action(state, wait_s))


def _next_action(state: BreakerState, wait_s: float) -> str:
    if state is BreakerState.STOPPED:
        return "The run stops here"
    return f"Waiting until {local_time(datetime.now().astimezone() + timedelta(seconds=wait_s))}"
