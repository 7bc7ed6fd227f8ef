"""Circuit breaker: during an outage calls pause, and one probe at a time tests the server.

A state machine without its own clock or event loop, so that each transition can be tested. `admission` places it
between the workers and the server.
"""

from collections.abc import Callable
from enum import Enum, auto
from math import inf
from time import monotonic
from typing import NamedTuple

_FEWEST_CALLS = 20
_ENOUGH_REFUSALS = 20
FEWEST_ROWS = 20
_FIRST_WAIT_S = 5.0


class BreakerState(Enum):
    """State of the breaker: calls go out; no call goes out; one probe is out; the run stops."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()
    STOPPED = auto()


class Failure(NamedTuple):
    """A call without a reply.

    Attributes:
        cause: The transport cause.
        words: The message of the server or the client.
        retry_after_s: Seconds that the server asks to wait; None if it does not say.
    """

    cause: str
    words: str
    retry_after_s: float | None = None


class CircuitBreaker:
    """Circuit breaker over all calls of a run.

    It opens when the most recent calls, at least 20 and twice as many as are in flight, all failed with one transport
    cause. While open, it waits as long as the server asks, or 5, 10, 20, … seconds; then one call goes out as a probe.
    Any reply closes it. If the next probe would exceed the limit, it stops the run.

    Special cases:

    - If the server asks for a wait beyond the limit, 20 such refusals stop the run, or fewer if no calls are left:
      further calls would add nothing. Replies to calls that began before the first refusal do not count against it.
    - If all rows have been asked and some were answered, only failures of several rows open it. Otherwise a few last
      rows, whose content may be what the server fails on, would look like an outage.
    - A run without a single reply, in which all calls failed with one cause, met an outage, however few its rows.

    Args:
        max_wait_s: The longest wait, in seconds, from opening without a reply.
        fewest_rows: How many rows must have failed if no others are left and some were answered.
        clock: Seconds of a monotonic clock.
    """

    def __init__(
        self, max_wait_s: float, fewest_rows: int = FEWEST_ROWS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._max_wait_s = max_wait_s
        self._fewest_rows = fewest_rows
        self._clock = clock
        self.state = BreakerState.CLOSED
        self.last: Failure | None = None
        self._streak = self._most_in_flight = 0
        self._rows: set[str] = set()
        self._has_answered = False
        self._causes: set[str] = set()
        self._refusals = 0
        self._refused_at = self._opened_at = self._probe_at = 0.0
        self._requested_until = -inf
        self._backoff_s = _FIRST_WAIT_S

    @property
    def has_answered(self) -> bool:
        """Whether this run has received any reply, or a refusal of a single request."""
        return self._has_answered

    @property
    def is_closed(self) -> bool:
        """Whether calls go out."""
        return self.state is BreakerState.CLOSED

    @property
    def wait_s(self) -> float:
        """Seconds until the next probe may go out; infinite while a probe is out, and after the stop."""
        return max(0.0, self._probe_at - self._clock()) if self.state is BreakerState.OPEN else inf

    @property
    def requested_wait_s(self) -> float | None:
        """Seconds from now that the server asks to wait; None if it did not say."""
        return self._requested_until - self._clock() if self._requested_until > self._clock() else None

    def begin_probe(self) -> None:
        """Starts the probe: one call goes out while the breaker is open."""
        self.state = BreakerState.HALF_OPEN

    def abandon_probe(self) -> None:
        """Ends a probe without a result; another call may take its place."""
        if self.state is BreakerState.HALF_OPEN:
            self.state, self._probe_at = BreakerState.OPEN, self._clock()

    def now(self) -> float:
        """Seconds by the breaker's clock."""
        return self._clock()

    def succeed(self, begun_at: float = inf) -> None:
        """Records a reply, good or bad, to a call that began at that time: the server is up."""
        self._has_answered = True
        if self.state is BreakerState.STOPPED:
            return
        self.state, self._backoff_s = BreakerState.CLOSED, _FIRST_WAIT_S
        self._forget_streak()
        if begun_at >= self._refused_at:
            self.last, self._requested_until, self._refusals = None, -inf, 0

    def conclude(self) -> None:
        """Ends the calls; stops the run if the server asked for too long a wait, or all calls failed for one cause."""
        if self._refusals or (not self._has_answered and len(self._causes) == 1):
            self.state = BreakerState.STOPPED

    def fail(
        self, failure: Failure, row: str, in_flight: int = 1, *, rows_remain: bool = True, is_probe: bool = False
    ) -> None:
        """Records a call without a reply.

        Args:
            failure: The cause.
            row: Id of the row.
            in_flight: Calls in flight, this one included.
            rows_remain: Whether some rows have not been asked yet.
            is_probe: Whether it was the probe. Late failures of other calls count only for the wait they ask for.
        """
        if self.state is BreakerState.STOPPED:
            return
        if self.last is None or self.last.cause != failure.cause:
            self._forget_streak()
        self.last = failure
        self._causes.add(failure.cause)
        self._note_requested_wait(failure.retry_after_s)
        if self.state is BreakerState.CLOSED:
            self._count(row, in_flight)
            if self._is_outage(rows_remain):
                self._opened_at = self._clock()
                self._plan_probe()
        elif is_probe:
            self._backoff_s *= 2
            self._plan_probe()
        elif self.state is BreakerState.OPEN and failure.retry_after_s:
            self._plan_probe()

    def _forget_streak(self) -> None:
        self._streak = self._most_in_flight = 0
        self._rows.clear()

    def _count(self, row: str, in_flight: int) -> None:
        self._streak += 1
        self._most_in_flight = max(self._most_in_flight, in_flight)
        self._rows.add(row)

    def _note_requested_wait(self, retry_after_s: float | None) -> None:
        """Records the wait that the server asks for."""
        if not retry_after_s:
            return
        self._requested_until = max(self._requested_until, self._clock() + retry_after_s)
        if retry_after_s > self._max_wait_s:
            self._refused_at = self._refused_at if self._refusals else self._clock()
            self._refusals += 1

    def _is_outage(self, rows_remain: bool) -> bool:
        if self._refusals >= _ENOUGH_REFUSALS:
            return True
        enough_rows = rows_remain or not self._has_answered or len(self._rows) >= self._fewest_rows
        return enough_rows and self._streak >= max(_FEWEST_CALLS, 2 * self._most_in_flight)

    def _plan_probe(self) -> None:
        """Opens until the next probe; stops if that would exceed the limit."""
        now, requested_wait_s = self._clock(), self.requested_wait_s
        left_s = self._opened_at + self._max_wait_s - now
        if left_s <= 0 or (requested_wait_s is not None and requested_wait_s > left_s):
            self.state = BreakerState.STOPPED
            return
        self.state = BreakerState.OPEN
        self._probe_at = now + (min(self._backoff_s, left_s) if requested_wait_s is None else requested_wait_s)
