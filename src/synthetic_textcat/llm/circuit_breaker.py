"""A circuit breaker: when no call brings a reply any more, calls pause, and one probe at a time finds out.

A state machine without a clock or an event loop of its own, so that each transition can be tested. `admission` puts it
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


class State(Enum):
    """Where the breaker stands: calls go out; none does; one probe is out; the server is given up for this run."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()
    STOPPED = auto()


class Failure(NamedTuple):
    """A call that brought no reply.

    Attributes:
        cause: The transport cause.
        words: What the server or the client said.
        retry_after_s: For how long the server asks to be left alone; None if it does not say.
    """

    cause: str
    words: str
    retry_after_s: float | None = None


class CircuitBreaker:
    """Watches every call of a run, from its first to its last.

    It opens when the last calls, twice as many as are in flight and 20 at least, all failed for one transport cause.
    While open it waits as long as the server asks, or 5, 10, 20, … seconds. Then one call goes out, the probe. Any
    reply closes it. Where the next probe would be beyond the limit, it stops the run.

    Three cases apart. Where the server names a wait beyond the limit, 20 such refusals stop the run, or fewer when no
    calls are left: a second wave would tell no more. Replies to calls that were under way before do not speak against
    them. When no rows are left that nobody has asked for, and others were answered, failures must be of several rows to
    open it: else the last few, which may be what the server chokes on, would pass for an outage. And a run that ends
    without a single reply, all calls having failed for one cause, met an outage, however few its rows are.

    Args:
        max_wait_s: The longest wait from opening on without a reply.
        fewest_rows: How many rows must have failed when no others are left and some were answered.
        clock: Seconds by a clock that nobody sets.
    """

    def __init__(
        self, max_wait_s: float, fewest_rows: int = FEWEST_ROWS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._max_wait_s = max_wait_s
        self._fewest_rows = fewest_rows
        self._clock = clock
        self.state = State.CLOSED
        self.last: Failure | None = None
        self._streak = self._most_in_flight = 0
        self._rows: set[str] = set()
        self._has_answered = False
        self._causes: set[str] = set()
        self._refusals = 0
        self._refused_at = self._opened_at = self._probe_at = 0.0
        self._told_until = -inf
        self._backoff_s = _FIRST_WAIT_S

    @property
    def has_answered(self) -> bool:
        """Whether any reply, or a refusal of one request, has come in this run."""
        return self._has_answered

    @property
    def is_closed(self) -> bool:
        """Whether calls go out."""
        return self.state is State.CLOSED

    @property
    def wait_s(self) -> float:
        """Seconds until the next probe may go out; infinite while one is out, and after the stop."""
        return max(0.0, self._probe_at - self._clock()) if self.state is State.OPEN else inf

    @property
    def requested_wait_s(self) -> float | None:
        """For how many seconds from now the server asks to be left alone; None if it did not say."""
        return self._told_until - self._clock() if self._told_until > self._clock() else None

    def begin_probe(self) -> None:
        """One call goes out while the breaker is open."""
        self.state = State.HALF_OPEN

    def abandon_probe(self) -> None:
        """The probe ended without an outcome; another call may take its place."""
        if self.state is State.HALF_OPEN:
            self.state, self._probe_at = State.OPEN, self._clock()

    def now(self) -> float:
        """The time, by the breaker's clock."""
        return self._clock()

    def succeed(self, begun_at: float = inf) -> None:
        """A call, begun at that time, brought a reply, whatever is in it: the server is there."""
        self._has_answered = True
        if self.state is State.STOPPED:
            return
        self.state, self._backoff_s = State.CLOSED, _FIRST_WAIT_S
        self._forget_streak()
        if begun_at >= self._refused_at:
            self.last, self._told_until, self._refusals = None, -inf, 0

    def conclude(self) -> None:
        """No calls are left: refusals for longer than may be waited, or one cause and no reply at all, stop the run."""
        if self._refusals or (not self._has_answered and len(self._causes) == 1):
            self.state = State.STOPPED

    def fail(
        self, failure: Failure, row: str, in_flight: int = 1, *, rows_remain: bool = True, is_probe: bool = False
    ) -> None:
        """A call brought no reply.

        Args:
            failure: Why.
            row: Which row asked.
            in_flight: Calls that were under way, this one included.
            rows_remain: Whether there are rows that nobody has asked for yet.
            is_probe: Whether it was the probe. Others that come home late say only how long the server wants to rest.
        """
        if self.state is State.STOPPED:
            return
        if self.last is None or self.last.cause != failure.cause:
            self._forget_streak()
        self.last = failure
        self._causes.add(failure.cause)
        self._listen(failure.retry_after_s)
        if self.state is State.CLOSED:
            self._count(row, in_flight)
            if self._is_outage(rows_remain):
                self._opened_at = self._clock()
                self._plan_probe()
        elif is_probe:
            self._backoff_s *= 2
            self._plan_probe()
        elif self.state is State.OPEN and failure.retry_after_s:
            self._plan_probe()

    def _forget_streak(self) -> None:
        self._streak = self._most_in_flight = 0
        self._rows.clear()

    def _count(self, row: str, in_flight: int) -> None:
        self._streak += 1
        self._most_in_flight = max(self._most_in_flight, in_flight)
        self._rows.add(row)

    def _listen(self, retry_after_s: float | None) -> None:
        """Keeps how long the server wants to be left alone."""
        if not retry_after_s:
            return
        self._told_until = max(self._told_until, self._clock() + retry_after_s)
        if retry_after_s > self._max_wait_s:
            self._refused_at = self._refused_at if self._refusals else self._clock()
            self._refusals += 1

    def _is_outage(self, rows_remain: bool) -> bool:
        if self._refusals >= _ENOUGH_REFUSALS:
            return True
        enough_rows = rows_remain or not self._has_answered or len(self._rows) >= self._fewest_rows
        return enough_rows and self._streak >= max(_FEWEST_CALLS, 2 * self._most_in_flight)

    def _plan_probe(self) -> None:
        """Opens until the next probe; stops where that would be beyond the limit."""
        now, requested_wait_s = self._clock(), self.requested_wait_s
        left_s = self._opened_at + self._max_wait_s - now
        if left_s <= 0 or (requested_wait_s is not None and requested_wait_s > left_s):
            self.state = State.STOPPED
            return
        self.state = State.OPEN
        self._probe_at = now + (min(self._backoff_s, left_s) if requested_wait_s is None else requested_wait_s)
