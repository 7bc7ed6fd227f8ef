"""Members of a central meter: the leases of all workers' pools, and what each may have of what is shared."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from synthetic_textcat.llm.engine.leases import RENEW_S, TERM_S, WorkerReport

_RENEWAL_LOAD_S = 0.002
"""Seconds between the renewals of two members of a large cluster, which bounds the load of the scheduler."""

_LONGEST_RENEWAL_S = 0.8

_RENEWALS_AHEAD = 2.5
"""Permits are leased for this many renewals, so that a late one leaves no gap."""

_BRIEF_S = 0.1
"""Shortest duration of a call for estimates of how many can follow one another."""


@dataclass(slots=True)
class Member:
    """Lease of a worker's pool.

    Attributes:
        report: Its last report.
        seen_at: Time of that report.
        slots: Calls it may have in flight.
        permits: Times after which the permits are void that it has not used, as far as known; the earliest first.
        ends: Number of call ends seen.
    """

    report: WorkerReport
    seen_at: float
    slots: int = 0
    permits: deque[float] = field(default_factory=deque)
    ends: int = 0

    @property
    def held(self) -> int:
        """Calls that it may have in flight, as far as known."""
        return max(self.slots, self.report.in_flight)

    @property
    def outstanding(self) -> int:
        """Permits that are not used, and calls whose cost is not known yet."""
        return len(self.permits) + self.report.started - self.report.settled


class Members:
    """Leases by the name of their holder.

    Args:
        max_concurrency: Calls in flight of all of them.
    """

    def __init__(self, max_concurrency: int) -> None:
        self._max_concurrency = max_concurrency
        self._by_name: dict[str, Member] = {}
        self._of_shard: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_name.values())

    def get(self, name: str | None) -> Member | None:
        """The member of this name; None if it holds no lease."""
        return self._by_name.get(name or "")

    def of(self, report: WorkerReport, now: float) -> Member:
        """The member that reports; a new one, or one that has lost its lease, begins with this report."""
        if report.member not in self._by_name:
            self._by_name[report.member] = Member(report._replace(number=-1), now)
            of_shard = self._of_shard.setdefault(report.shard, [])
            if report.member not in of_shard:
                of_shard.append(report.member)
        return self._by_name[report.member]

    def _is_superseded(self, member: Member) -> bool:
        """Whether a later member has the shard: this one was frozen or cut off, and is back."""
        return self._of_shard[member.report.shard][-1] != member.report.member

    def silent(self, now: float) -> list[str]:
        """Names of members that have not reported for the term of a lease."""
        return [name for name, member in self._by_name.items() if now - member.seen_at > TERM_S]

    def release(self, name: str) -> None:
        """Ends a lease. The times of its permits are lost: given out later they would make a burst."""
        member = self._by_name.pop(name)
        member.permits.clear()
        member.slots = 0

    @property
    def outstanding(self) -> int:
        """Permits that are not used, and calls whose cost is not known yet, of all members."""
        return sum(member.outstanding for member in self)

    @property
    def renew_s(self) -> float:
        """Seconds between two reports of a member."""
        return min(_LONGEST_RENEWAL_S, max(RENEW_S, _RENEWAL_LOAD_S * len(self)))

    def in_flight_without(self, member: Member) -> int:
        """Calls in flight of all other members."""
        return sum(other.report.in_flight for other in self if other is not member)

    def horizon_s(self, member: Member) -> float:
        """Seconds ahead for which a member leases permits: until after its next report has been answered."""
        return _RENEWALS_AHEAD * self.renew_s + min(member.report.trip_s, TERM_S)

    def wants(self, member: Member) -> int:
        """Permits that a member can use by then, those held included: for slots free now, or by the end of calls."""
        report = member.report
        if self._is_superseded(member):
            return 0
        ends = round(report.in_flight * self.horizon_s(member) / max(report.call_s, _BRIEF_S))
        return max(0, min(report.demand - report.in_flight, member.slots - report.in_flight + ends))

    @property
    def wanting(self) -> int:
        """Number of members that can use a permit."""
        return sum(self.wants(member) > 0 for member in self)

    def others_want(self, member: Member) -> bool:
        """Whether any other member can use a permit."""
        return any(self.wants(other) > 0 for other in self if other is not member)

    def fair_slots(self, member: Member) -> int:
        """A member's calls in flight by max-min fairness, as far as others have given theirs back."""
        if self._is_superseded(member):
            return 0
        free = max(0, self._max_concurrency - sum(other.held for other in self if other is not member))
        demands = [other.report.demand for other in self if not self._is_superseded(other)]
        return min(_fair_share(self._max_concurrency, demands, member.report.demand), free)


def _fair_share(total: int, wanted: Iterable[int], mine: int) -> int:
    """Share by max-min fairness: nobody gets more than wanted, and the rest is divided evenly."""
    left, waiting = total, sorted(wanted)
    while waiting:
        even = -(-left // len(waiting))
        smallest = waiting.pop(0)
        if smallest >= even:
            return min(mine, even)
        left -= smallest
    return mine
