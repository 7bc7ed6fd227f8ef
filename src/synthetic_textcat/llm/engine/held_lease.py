"""Lease that a worker of a cluster holds: its permits by the worker's clock, and the worker's demand for more."""

from collections import deque
from math import inf
from typing import NamedTuple

from synthetic_textcat.llm.engine.circuit_breaker import BreakerState
from synthetic_textcat.llm.engine.leases import LATE_S, LONGEST_TRIP_S, RENEW_S, TERM_S, Grant

_FORGETTING = 1.02
"""Growth of the quickest trip with each exchange, so that a drift of the clocks is noticed."""

_NOTHING = Grant(
    slots=0,
    now=0.0,
    permits=(),
    late_s=LATE_S,
    expected=0.0,
    is_probe=False,
    ends=0,
    renew_s=RENEW_S,
    is_proven=False,
    has_answered=False,
    breaker=BreakerState.CLOSED.name,
    cause="",
    words="",
    wait_s=None,
    requested_wait_s=None,
    over="",
    paused={},
    is_first_over=False,
)
"""Lease of a worker that has not heard from the meter."""


class Permit(NamedTuple):
    """Right to start one call; times by the worker's clock.

    Attributes:
        due: Time from which it can be used.
        lapses_at: Time after which it can't.
        expected: Tokens reserved for the call.
        is_probe: Whether the call is the circuit breaker's probe.
    """

    due: float
    lapses_at: float
    expected: float
    is_probe: bool


_UNNEEDED = Permit(-inf, inf, 0.0, is_probe=False)
"""Permit of a run without limits by time or money."""


class HeldLease:
    """Lease of a worker. It holds for `TERM_S` from the moment at which its report was sent.

    Args:
        now: Time by the worker's clock.

    Attributes:
        grant: The last answer of the central meter.
        until: End of the lease.
        lapsed: Permits that were not used in time.
        clock: The central meter's clock.
    """

    def __init__(self, now: float) -> None:
        self.grant = _NOTHING
        self.until = now
        self.lapsed = 0
        self.clock = MeterClock()
        self._permits: deque[Permit] = deque()

    @property
    def next_due(self) -> float | None:
        """Time of the next permit; None if no permit is held."""
        return self._permits[0].due if self._permits else None

    @property
    def has_probe(self) -> bool:
        """Whether one of the permits is the probe."""
        return any(permit.is_probe for permit in self._permits)

    def permit(self, now: float) -> Permit | None:
        """Takes a permit that is due; None if there is none."""
        if self.grant.permits is None:
            return _UNNEEDED
        self.drop_lapsed(now)
        return self._permits.popleft() if self._permits and self._permits[0].due <= now else None

    def drop_lapsed(self, now: float) -> None:
        """Drops permits that can no longer be used."""
        while self._permits and self._permits[0].lapses_at < now:
            self._permits.popleft()
            self.lapsed += 1

    def renew(self, grant: Grant, sent_at: float, now: float) -> None:
        """Puts a new lease in place of the last one, and adds its permits to those held."""
        self.grant, self.until = grant, sent_at + TERM_S
        self.clock.note(grant.now, sent_at, now)
        if grant.permits is None:
            self._permits.clear()
            return
        if grant.breaker != BreakerState.CLOSED.name or grant.over:
            kept = deque(permit for permit in self._permits if permit.is_probe)
            self.lapsed += len(self._permits) - len(kept)
            self._permits = kept
        if now - sent_at > LONGEST_TRIP_S:
            return
        for time in grant.permits:
            due = self.clock.here(time)
            self._permits.append(Permit(due, due + grant.late_s, grant.expected, grant.is_probe))


class Demand:
    """Demand of a worker for calls: the most of the last reports, so that a lull of a moment gives nothing away."""

    def __init__(self) -> None:
        self._peaks = deque([0, 0, 0], maxlen=3)
        self._reported = 0

    def note(self, calls: int) -> bool:
        """Records calls in flight or waiting; returns whether they are more than were reported."""
        self._peaks[-1] = max(self._peaks[-1], calls)
        return calls > self._reported

    def report(self, calls: int) -> int:
        """Most calls in flight or waiting at once since the third last report; begins the next one."""
        self.note(calls)
        self._reported = max(self._peaks)
        self._peaks.append(calls)
        return self._reported


class MeterClock:
    """The central meter's clock, estimated from the exchange that was quickest of late.

    The times of all workers are therefore consistent, however unevenly messages travel.
    """

    def __init__(self) -> None:
        self.trip_s = 0.0
        self._least_trip_s = inf
        self._ahead_s = 0.0

    def note(self, meter_now: float, sent_at: float, received_at: float) -> None:
        """Learns from one exchange: its times here, and the meter's in between."""
        self.trip_s = received_at - sent_at
        self._least_trip_s *= _FORGETTING
        if self.trip_s <= self._least_trip_s:
            self._least_trip_s, self._ahead_s = self.trip_s, meter_now - (sent_at + received_at) / 2

    def here(self, meter_time: float) -> float:
        """A time of the meter by the clock of this worker."""
        return meter_time - self._ahead_s
