"""Leases of the limits: messages between the workers of a cluster and their common meter, as plain values.

A worker reports totals, never differences, so that a report that is lost or comes twice changes nothing. Imported by
the scheduler of a cluster, so only from the standard library.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from synthetic_textcat.llm.calls.first_streak import FirstStreak

RENEW_S = 0.2
"""Seconds between renewals of a small cluster."""

TERM_S = 2.0
"""Seconds for which a lease holds: then its holder asks no more, and the meter gives its share to others."""

LATE_S = 0.2
"""Seconds for which a permit can be used after it is due, then it lapses."""

LONGEST_TRIP_S = 1.0
"""Seconds after which permits in an answer that was long under way are dropped: the meter counts them as lapsed."""

CAP, OUTAGE = "cap", "outage"
"""Reasons why no further call may start; any other is the message of an error."""


class Limits(NamedTuple):
    """Limits and caps that all workers of a run share.

    Attributes:
        max_concurrency: Calls in flight.
        requests_per_minute, tokens_per_minute: None = no limit.
        max_tokens_total, max_cost_usd: Caps; None = no cap.
        max_wait_s: Longest outage, in seconds.
        spent_tokens, spent_usd: Spent by this run before the first shard, for example by brainstorming.
        spent_calls: Number of those calls.
    """

    max_concurrency: int
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_tokens_total: float | None = None
    max_cost_usd: float | None = None
    max_wait_s: float = 300.0
    spent_tokens: float = 0.0
    spent_usd: float = 0.0
    spent_calls: int = 0

    @property
    def is_rate_limited(self) -> bool:
        """Whether there is a limit by time."""
        return self.requests_per_minute is not None or self.tokens_per_minute is not None

    @property
    def is_capped(self) -> bool:
        """Whether there is a spending cap."""
        return self.max_tokens_total is not None or self.max_cost_usd is not None


class CallEnd(NamedTuple):
    """End of a call, or of several calls in a row with a reply, for the circuit breaker.

    Attributes:
        age_s: Seconds since the call began.
        is_probe: Whether it was the probe.
        cause: The transport cause; empty for a reply.
        words: The message of the server or the client.
        retry_after_s: Seconds that the server asks to wait.
        row: Id of the row.
        refusal: Words of a refusal of this request alone, which is a reply; empty for any other end.
    """

    age_s: float
    is_probe: bool = False
    cause: str = ""
    words: str = ""
    retry_after_s: float | None = None
    row: str = ""
    refusal: str = ""

    @property
    def is_reply(self) -> bool:
        """Whether the server replied, and did not refuse the request."""
        return not self.cause and not self.refusal


class UnconfirmedEnds:
    """Ends of calls that the meter has not confirmed; several replies in a row count as the last of them."""

    def __init__(self) -> None:
        self._ends: list[tuple[float, CallEnd]] = []
        self._confirmed = self._sent = 0

    def add(self, begun_at: float, end: CallEnd) -> None:
        """Adds the end of a call that began at this time."""
        if end.is_reply and self._ends and self._confirmed + len(self._ends) > self._sent:
            earlier_at, earlier = self._ends[-1]
            if earlier.is_reply:
                end = end._replace(is_probe=end.is_probe or earlier.is_probe)
                self._ends[-1] = max(earlier_at, begun_at), end
                return
        self._ends.append((begun_at, end))

    def to_send(self, now: float) -> tuple[int, tuple[CallEnd, ...]]:
        """Number of the first unconfirmed end, and all of them with their age."""
        self._sent = self._confirmed + len(self._ends)
        return self._confirmed, tuple(end._replace(age_s=now - begun_at) for begun_at, end in self._ends)

    def confirm(self, number: int) -> None:
        """Drops the ends up to this number, which the meter has seen."""
        del self._ends[: max(0, number - self._confirmed)]
        self._confirmed = max(self._confirmed, number)


class WorkerReport(NamedTuple):
    """Report of a worker, with which it renews its lease. Numbers are totals since it began, if not said otherwise.

    Attributes:
        member: Name of the worker's pool, used by no other.
        shard: Shard whose rows it asks for; a later member may go on with it.
        number: Number of the report; the meter drops one that was overtaken.
        trip_s: Seconds that its last report and the answer took.
        demand: Calls that it could have in flight at this moment, if it had slots and permits.
        in_flight: Calls in flight at this moment.
        call_s: Usual seconds of a call.
        started: Permits used.
        lapsed: Permits that were not used in time.
        settled: Permits used whose calls have ended and are counted in what is spent.
        next_tokens: Estimate of the tokens of its next call.
        taken, reserved, replied: Tokens that ended calls took, the tokens reserved for them, and replies.
        spent_tokens, spent_usd, spent_calls: Spent for the shard, by earlier members of this run too.
        rows_remain: Whether some of its rows have not been asked for.
        has_probe: Whether it holds the probe, or has it in flight.
        ends: Ends of calls that the meter has not confirmed.
        first_end: Number of the first of them.
        paused: Tasks that its own first replies have paused, with the reason.
        first_replies: Streak of bad first replies of its own.
        halted: Message of the error that ended its calls; empty for none.
        is_leaving: Whether this is its last report.
    """

    member: str
    shard: str
    number: int
    trip_s: float = 0.0
    demand: int = 0
    in_flight: int = 0
    call_s: float = 1.0
    started: int = 0
    lapsed: int = 0
    settled: int = 0
    next_tokens: float = 0.0
    taken: float = 0.0
    reserved: float = 0.0
    replied: int = 0
    spent_tokens: float = 0.0
    spent_usd: float = 0.0
    spent_calls: int = 0
    rows_remain: bool = True
    has_probe: bool = False
    ends: tuple[CallEnd, ...] = ()
    first_end: int = 0
    paused: Mapping[str, str] = {}
    first_replies: FirstStreak = FirstStreak()
    halted: str = ""
    is_leaving: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The report of its values, as they come from another process."""
        cause, replies, rows, tasks, *others = values["first_replies"]
        streak = FirstStreak(cause, replies, tuple(rows), tuple(tasks), *others)
        return cls(**{**values, "ends": tuple(CallEnd(*end) for end in values["ends"]), "first_replies": streak})


class Grant(NamedTuple):
    """Lease of a worker, which replaces its last one.

    Attributes:
        slots: Calls that it may have in flight.
        now: The meter's clock.
        permits: Times by that clock at which one more call may go out, on top of the permits it holds; None = calls
            need no permit.
        late_s: Seconds for which a permit can be used after that.
        expected: Tokens reserved for each of these permits.
        is_probe: Whether the permit is the circuit breaker's probe.
        ends: Number of call ends that the meter has seen.
        renew_s: Seconds until the next report is due.
        is_proven: Whether any call of the run has ended, so that the first call need not go alone.
        has_answered: Whether the server has answered any call of the run.
        breaker: State of the circuit breaker.
        cause, words: The last failure; empty without any.
        wait_s: Seconds until the next probe; None if none is planned.
        requested_wait_s: Seconds from now that the server asks to wait; None if it did not say.
        over: Why no further call may start: `CAP`, `OUTAGE` or the message of the error that ended another worker's
            calls; empty if calls may start.
        paused: Tasks paused by any worker, with the reason.
        is_first_over: Whether the first replies of all workers are not all bad for one cause.
    """

    slots: int
    now: float
    permits: tuple[float, ...] | None
    late_s: float
    expected: float
    is_probe: bool
    ends: int
    renew_s: float
    is_proven: bool
    has_answered: bool
    breaker: str
    cause: str
    words: str
    wait_s: float | None
    requested_wait_s: float | None
    over: str
    paused: Mapping[str, str]
    is_first_over: bool
