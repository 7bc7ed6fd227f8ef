"""Central meter of a cluster: leases rate limits, concurrency and money to workers, by one schedule for all of them.

A state machine with an injected clock, independent of where it runs and how reports reach it. Imported by the
scheduler of a cluster, so only from the standard library and its equals.
"""

from collections.abc import Callable
from math import ceil, inf, isinf
from time import monotonic
from typing import NamedTuple

from synthetic_textcat.llm.engine.circuit_breaker import BreakerState, CircuitBreaker, Failure
from synthetic_textcat.llm.engine.lease_members import Member, Members
from synthetic_textcat.llm.engine.leases import (
    CAP,
    LATE_S,
    LONGEST_TRIP_S,
    OUTAGE,
    TERM_S,
    CallEnd,
    Grant,
    Limits,
    WorkerReport,
)
from synthetic_textcat.llm.engine.run_stops import FirstRepliesOfAll, Refusals
from synthetic_textcat.llm.engine.shared_spending import SharedSpending, Spent

_PATIENCE_S = 15.0
"""Seconds for which all other calls wait for the first one."""

_OPEN_TO_ALL_S = 0.1
"""A time that is due so soon goes to any member that asks, beyond its share: nobody else has taken it."""

_MINUTE_S = 60.0

_BELOW = 1.04
"""Four per cent below the limits: a call may go out a little late, and the way to the server takes a varying time."""

_SAVED_S = 0.2
"""Seconds of the token rate that can be saved up, so that reservations that were too high are not lost."""

_WINDOW_S = 10.0

_LEAST_FOR_WINDOW = 0.96
"""Bound of the token rate for the sake of windows: calls are whole, so ten seconds may hold one beyond their share."""


class Status(NamedTuple):
    """State of the meter, for progress lines and the end of a run.

    Attributes:
        members: Workers' pools that hold a lease.
        in_flight, waiting: Calls of all of them.
        started: Permits used in all; 0 for a run without limits.
        spent: Spent by the run.
        over: As in `Grant`.
        breaker: State of the circuit breaker.
        last: The last failure.
        wait_s: Seconds until the next probe; None if none is planned.
        requested_wait_s: Seconds from now that the server asks to wait.
    """

    members: int
    in_flight: int
    waiting: int
    started: int
    spent: Spent
    over: str
    breaker: str
    last: Failure | None
    wait_s: float | None
    requested_wait_s: float | None


class CallSchedule:
    """Schedule of the calls of all workers, evenly spaced, by requests and tokens a minute; it has no clock of its own.

    A call's tokens are reserved when its time is given out, and corrected by `adjust` when they are known.

    Args:
        requests_per_minute, tokens_per_minute: None = no limit.
    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._interval_s = 0.0 if requests_per_minute is None else _BELOW * _MINUTE_S / requests_per_minute
        self._token_s = 0.0 if tokens_per_minute is None else _BELOW * _MINUTE_S / tokens_per_minute
        self._next_request = self._next_tokens = -inf

    def gap_s(self, expected: float) -> float:
        """Seconds between two calls that take this many tokens each."""
        return max(self._interval_s, self._seconds_of(expected))

    def take(self, now: float, until: float, expected: float) -> float | None:
        """The next time for a call of this many tokens; None if it is after `until`."""
        due = max(now, self._next_request, self._next_tokens)
        if due > until:
            return None
        self._next_request = due + self._interval_s
        self._next_tokens = max(self._next_tokens, now - _SAVED_S) + self._seconds_of(expected)
        return due

    def adjust(self, tokens: float) -> None:
        """Adds tokens that calls took beyond the reserved ones; a negative number is given back."""
        self._next_tokens += tokens * self._token_s

    def _seconds_of(self, expected: float) -> float:
        """Seconds after a call of this many tokens until the next may follow."""
        seconds = expected * self._token_s
        return seconds / max(_LEAST_FOR_WINDOW, 1 - seconds / _WINDOW_S)


class CentralMeter:
    """Meter of a run over all workers of a cluster.

    - Calls in flight: each member holds a number of slots, by max-min fairness; a slot is given to another only when
      its holder has confirmed that it no longer uses it.
    - Requests and tokens a minute: one schedule for all; members lease the times of the next half second.
    - Caps: a permit is given out only if what is spent, and the average of each call that is in flight or permitted,
      stay within the caps. One more call may always start alone, so that a run reaches its cap.
    - First call: one permit until any call has ended, or after 15 s.
    - Circuit breaker: one for the ends of all calls; its probe is a permit.
    - First replies all bad, refusals in a row: counted over all workers.

    A member that does not report for `TERM_S` loses its lease. It stops by itself before that, by its own clock. Calls
    that it had in flight then are in no account. If it is back when another member has its shard, it gets nothing.

    Args:
        limits: Limits and caps.
        clock: Seconds of a monotonic clock.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._schedule = CallSchedule(limits.requests_per_minute, limits.tokens_per_minute)
        self._breaker = CircuitBreaker(limits.max_wait_s, clock=clock)
        self._members = Members(limits.max_concurrency)
        self._spending = SharedSpending(limits)
        self._refusals, self._first_replies = Refusals(), FirstRepliesOfAll()
        self._paused: dict[str, str] = {}
        self._halted = ""
        self._taken, self._replied, self._started = 0.0, 0, 0
        self._is_proven = False
        self._first: str | None = None
        self._first_until = inf
        self._probing: str | None = None
        self._probed_by = ""

    def exchange(self, report: WorkerReport) -> Grant:
        """Records a worker's report and renews its lease."""
        now = self._clock()
        self._release_silent(now)
        member = self._members.of(report, now)
        if report.number > member.report.number:
            self._record(member, report, now)
        if report.is_leaving:
            self._release(report.member)
            return self._grant(member, (), 0.0, is_probe=False)
        member.slots = self._members.fair_slots(member)
        permits, expected, is_probe = self._permits(member, now)
        return self._grant(member, permits, expected, is_probe=is_probe)

    def halt(self, why: str) -> None:
        """Stops all calls: an error of one worker, or the end of the run."""
        self._halted = self._halted or why

    def conclude(self) -> None:
        """Ends the run's calls: a run without a reply, whose calls all failed for one cause, met an outage."""
        self._breaker.conclude()

    @property
    def over(self) -> str:
        """Reason why no further call may start, as in `Grant`; empty if calls may start."""
        if self._halted:
            return self._halted
        if self._breaker.state is BreakerState.STOPPED:
            return OUTAGE
        return CAP if self._spending.calls_left <= 0 else ""

    def status(self) -> Status:
        """State of the meter."""
        self._release_silent(self._clock())
        reports = [member.report for member in self._members]
        return Status(
            members=len(reports),
            in_flight=sum(report.in_flight for report in reports),
            waiting=sum(report.demand - report.in_flight for report in reports),
            started=self._started,
            spent=self._spending.total,
            over=self.over,
            breaker=self._breaker.state.name,
            last=self._breaker.last,
            wait_s=self._wait_s,
            requested_wait_s=self._breaker.requested_wait_s,
        )

    def _record(self, member: Member, report: WorkerReport, now: float) -> None:
        """Books the difference between a report and the last one of the same member."""
        before, member.report, member.seen_at = member.report, report, now
        begun = report.started - before.started
        self._started += begun
        for _ in range(min(len(member.permits), begun + report.lapsed - before.lapsed)):
            member.permits.popleft()
        while member.permits and member.permits[0] < now:
            member.permits.popleft()
        self._schedule.adjust(report.taken - before.taken - (report.reserved - before.reserved))
        self._taken += report.taken - before.taken
        self._replied += report.replied - before.replied
        self._spending.note(report)
        self._paused |= report.paused
        if report.halted:
            self.halt(report.halted)
        self._record_ends(member, report)
        self._first_replies.note(report.member, report.first_replies)
        if why := self._refusals.message or self._first_replies.message:
            self.halt(why)
        if self._probing == report.member and not report.has_probe:
            self._abandon_probe()

    def _record_ends(self, member: Member, report: WorkerReport) -> None:
        """Passes new ends of calls to the circuit breaker."""
        fresh = report.ends[max(0, member.ends - report.first_end) :]
        member.ends = max(member.ends, report.first_end + len(report.ends))
        own = min(report.in_flight + len(fresh), max(1, member.held))  # when the calls ended
        in_flight = self._members.in_flight_without(member) + own
        rows_remain = self._rows_remain()
        for end in fresh:
            self._is_proven = True
            if end.is_probe:
                self._probing = None
            self._pass_on(end, in_flight, rows_remain)

    def _pass_on(self, end: CallEnd, in_flight: int, rows_remain: bool) -> None:
        self._refusals.note(end.refusal)
        if not end.cause:
            self._breaker.succeed(self._clock() - end.age_s)
            return
        failure = Failure(end.cause, end.words, end.retry_after_s)
        self._breaker.fail(failure, end.row, in_flight, rows_remain=rows_remain, is_probe=end.is_probe)

    def _rows_remain(self) -> bool:
        """Whether any member has rows that it has not asked for.

        Shards that wait for a worker do not count: the last rows of the others may be those on which the server fails.
        """
        return any(member.report.rows_remain for member in self._members)

    def _release_silent(self, now: float) -> None:
        """Ends the leases of members that have not reported for the term of a lease."""
        for name in self._members.silent(now):
            self._release(name)

    def _release(self, name: str) -> None:
        """Ends a lease, and gives back the probe and the first call."""
        self._members.release(name)
        if self._probing == name:
            self._abandon_probe()
        if self._first == name:
            self._first = None

    def _abandon_probe(self) -> None:
        self._probing = None
        self._breaker.abandon_probe()

    def _permits(self, member: Member, now: float) -> tuple[tuple[float, ...] | None, float, bool]:
        """Times of new permits, None if calls need none; the tokens of each; whether it is the probe."""
        expected = self._taken / self._replied if self._replied else member.report.next_tokens
        if self.over:
            return (), expected, False
        if not self._breaker.is_closed:
            return self._probe(member, now, expected)
        if not self._is_proven and not self._may_be_first(member, now):
            return (), expected, False
        if self._is_proven and not self._limits.is_rate_limited and not self._limits.is_capped:
            return None, 0.0, False
        most = self._members.wants(member) - len(member.permits) if self._is_proven else 1 - member.outstanding
        return self._lease(member, now, expected, most), expected, False

    def _probe(self, member: Member, now: float, expected: float) -> tuple[tuple[float, ...], float, bool]:
        """The probe of an open breaker, if it is due and the member has a call for it.

        The members take turns: the calls that are left to one of them may be those on which the server fails.
        """
        name = member.report.member
        is_due = self._breaker.wait_s <= 0 and self._members.wants(member)
        if not is_due or (name == self._probed_by and self._members.others_want(member)):
            return (), expected, False
        permits = self._lease(member, now, expected, 1)
        if permits:
            self._probing = self._probed_by = name
            self._breaker.begin_probe()
        return permits, expected, bool(permits)

    def _may_be_first(self, member: Member, now: float) -> bool:
        """Whether the member holds the run's first call; all may call once that has taken too long."""
        name = member.report.member
        if now >= self._first_until:
            self._is_proven = True
            return True
        first = self._members.get(self._first)
        if first is None or not (self._members.wants(first) or first.outstanding):
            self._first = name if self._members.wants(member) else None
        return self._first == name

    def _lease(self, member: Member, now: float, expected: float, most: int) -> tuple[float, ...]:
        """Leases up to so many permits: times within the horizon, by the member's share, and within the caps."""
        most = int(min(most, self._spending.calls_left - self._members.outstanding))
        horizon_s = self._members.horizon_s(member)
        share = self._share(expected, horizon_s)
        times: list[float] = []
        while len(times) < most:
            ahead_s = horizon_s if len(member.permits) < share else _OPEN_TO_ALL_S
            at = self._schedule.take(now, now + ahead_s, expected)
            if at is None:
                break
            times.append(at)
            member.permits.append(at + self._late_s + LONGEST_TRIP_S)
        if times and not self._is_proven and isinf(self._first_until):
            self._first_until = times[0] + _PATIENCE_S
        return tuple(times)

    def _share(self, expected: float, horizon_s: float) -> float:
        """Permits that a member may hold: an equal share for all members that want some."""
        gap_s = self._schedule.gap_s(expected)
        if not gap_s:
            return inf
        return max(1, ceil(horizon_s / gap_s / max(1, self._members.wanting)))

    @property
    def _wait_s(self) -> float | None:
        """Seconds until the next probe; None if none is planned."""
        return None if isinf(self._breaker.wait_s) else self._breaker.wait_s

    @property
    def _late_s(self) -> float:
        """Seconds for which a permit can be used after it is due."""
        return LATE_S if self._limits.is_rate_limited else TERM_S

    def _grant(self, member: Member, permits: tuple[float, ...] | None, expected: float, *, is_probe: bool) -> Grant:
        last = self._breaker.last
        return Grant(
            slots=member.slots,
            now=self._clock(),
            permits=permits,
            late_s=self._late_s,
            expected=expected,
            is_probe=is_probe,
            ends=member.ends,
            renew_s=self._members.renew_s,
            is_proven=self._is_proven,
            has_answered=self._breaker.has_answered,
            breaker=self._breaker.state.name,
            cause=last.cause if last else "",
            words=last.words if last else "",
            wait_s=self._wait_s,
            requested_wait_s=self._breaker.requested_wait_s,
            over=self.over,
            paused=self._paused,
            is_first_over=self._first_replies.is_over,
        )
