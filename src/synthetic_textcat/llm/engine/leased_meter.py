"""Leased meter of a worker in a cluster: admits calls by what the run's central meter has leased to it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import Any, NamedTuple

from synthetic_textcat.errors import MeterLostError, TextcatError
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.first_replies import FirstReplies, TaskPauses
from synthetic_textcat.llm.engine.circuit_breaker import BreakerState, Failure
from synthetic_textcat.llm.engine.held_lease import Demand, HeldLease
from synthetic_textcat.llm.engine.leases import CAP, OUTAGE, TERM_S, CallEnd, Grant, UnconfirmedEnds, WorkerReport
from synthetic_textcat.llm.engine.meter import BreakerLog, Halt, Meter, Ticket, outage_of
from synthetic_textcat.llm.engine.rate_limiter import tokens_taken, usual_tokens
from synthetic_textcat.llm.engine.single_call import CallResult
from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.stops import Outage

logger = logging.getLogger(__name__)

_SHORTEST_RENEWAL_S = 0.05
"""Shortest time between two reports, in seconds, however urgent the second is."""

_USUAL_CALL_S = 5.0
"""Assumed duration of a call before any has ended; then a moving average, with this weight of the newest:"""

_NEWEST = 0.2

_LEAVING_S = 2.0
"""Seconds that the last report may take."""

Exchange = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Sends the values of a `WorkerReport` to the central meter and returns those of its `Grant`; may raise anything."""


class MeterLink(NamedTuple):
    """Connection of one shard's calls to the central meter.

    Attributes:
        exchange: Called on the event loop of the calls.
        member: Name that no other pool of the run has.
        shard: The shard whose rows are asked for.
        lost_after_s: Seconds without the meter after which the calls end with an error.
    """

    exchange: Exchange
    member: str
    shard: str
    lost_after_s: float


class LeasedMeter(Meter):
    """Meter of one pool of calls; renews its lease in the background. Belongs to one event loop.

    A lease holds for `TERM_S` from the moment at which its report was sent, so it ends here before it ends at the
    central meter, however long messages are under way. Without a lease no call starts; calls in flight are completed.

    Args:
        link: The central meter.
        budget: What this shard has spent. Its caps are those of the whole run.
        pauses: Paused tasks, shared with the other workers.
    """

    def __init__(self, link: MeterLink, budget: Budget, pauses: TaskPauses) -> None:
        self._link = link
        self._budget = budget
        self._pauses = pauses
        self._loop = asyncio.get_running_loop()
        self._lease = HeldLease(self._loop.time())
        self._is_lost = self._is_given_up = False
        self._in_line = asyncio.Lock()
        self._changed, self._urgent = asyncio.Event(), asyncio.Event()
        self._waiting = self._in_flight = self._probes = self._number = 0
        self._started = self._unasked = self._replied = 0
        self._next_tokens = self._taken = self._reserved = 0.0
        self._call_s = _USUAL_CALL_S
        self._demand = Demand()
        self._ends = UnconfirmedEnds()
        self._first_replies = FirstReplies(watch=True, decides=False)
        self._rows_remain = True
        self._halted = ""
        self._log = BreakerLog()
        self._halt: Halt = lambda _: None
        self._prove: Callable[[], None] = lambda: None
        self._renewal: asyncio.Task[None] | None = None

    def has_answered(self) -> bool:
        """Whether the server has answered any call of the run, on any worker."""
        return self._lease.grant.has_answered or self._replied > 0

    def first_replies(self, watch: bool, kind: str) -> FirstReplies:
        """The first replies of this worker, which the meter adds to those of the others; its calls are of one kind."""
        self._first_replies = FirstReplies(watch, kind, decides=False)
        return self._first_replies

    @property
    def verdict(self) -> str:
        """Empty: refusals in a row are counted over all workers."""
        return ""

    @property
    def outage(self) -> Outage | None:
        """The outage that stops the run; None if there is none."""
        if self._lease.grant.breaker != BreakerState.STOPPED.name:
            return None
        return outage_of(Failure(self._lease.grant.cause, self._lease.grant.words), self._lease.grant.requested_wait_s)

    @property
    def is_over(self) -> bool:
        """Whether no further call may start, on any worker."""
        return bool(self._lease.grant.over) or self._budget.is_spent

    def begin(self, halt: Halt, prove: Callable[[], None]) -> None:
        """Begins to renew the lease; the pool is halted when the run is over, or the meter is lost for too long."""
        self._halt, self._prove = halt, prove
        self._renewal = self._loop.create_task(self._renew())

    def slot(self) -> AbstractAsyncContextManager[None]:
        """No slot to hold: the permits of a capped run take account of the calls in flight on all workers."""
        return nullcontext()

    def enter_at_once(self) -> Ticket | None:
        """A ticket if the call can go out without waiting, else None."""
        return None if self._waiting else self._ticket()

    async def enter(self, messages: Messages) -> Ticket:
        """Waits until one more call may go out, first come, first served."""
        self._waiting += 1
        if self._demand.note(self._in_flight + self._waiting):
            self._urgent.set()
        try:
            async with self._in_line:
                self._next_tokens = usual_tokens(messages)
                while (ticket := self._ticket()) is None:
                    await self._wait()
                return ticket
        finally:
            self._waiting -= 1

    def leave(self, ticket: Ticket, asked: CallResult | None, messages: Messages, *, rows_remain: bool = True) -> None:
        """Records the result of a call, for the next report; failures, a probe and the first call are reported soon.

        So is the end of a call that had the last slot: the slot needs another permit.
        """
        if self._in_flight >= self._lease.grant.slots and self._waiting and self._lease.next_due is None:
            self._urgent.set()
        self._in_flight -= 1
        self._probes -= ticket.is_probe
        self._rows_remain = rows_remain
        self._reserved += ticket.expected
        self._changed.set()
        if asked is None:
            self._unasked += 1
            return
        self._call_s += _NEWEST * (self._loop.time() - ticket.begun_at - self._call_s)
        self._taken += tokens_taken(asked.completion, messages)
        self._replied += asked.completion.replied
        end = CallEnd(0.0, ticket.is_probe, refusal=asked.refusal)
        if not asked.shows_server:
            line = asked.completion
            end = end._replace(
                cause=line.status, words=line.error or "", retry_after_s=asked.retry_after_s, row=line.request_id
            )
        self._ends.add(ticket.begun_at, end)
        if end.cause or end.is_probe or not self._lease.grant.is_proven:
            self._urgent.set()

    def fail(self, error: BaseException) -> None:
        """Reports the error that ends this pool's calls, which ends those of the other workers too."""
        self._halted = redact(f"{error}" if isinstance(error, TextcatError) else f"{type(error).__name__}: {error}")
        self._urgent.set()

    def conclude(self) -> None:
        """Does nothing: the run ends when all shards have ended."""

    async def close(self) -> None:
        """Returns the lease, with the last report."""
        if self._renewal is None:
            return
        self._renewal.cancel()
        await asyncio.gather(self._renewal, return_exceptions=True)
        self._renewal = None
        self._rows_remain = False
        with suppress(Exception):
            async with asyncio.timeout(_LEAVING_S):
                await self._link.exchange(self._report(is_leaving=True)._asdict())

    def _ticket(self) -> Ticket | None:
        """A ticket, if the lease holds and has a slot and a permit that is due."""
        now = self._loop.time()
        permit = self._lease.permit(now) if self._has_slot(now) else None
        if permit is None:
            return None
        self._started += 1
        self._in_flight += 1
        self._probes += permit.is_probe
        return Ticket(permit.expected, now, permit.is_probe)

    def _has_slot(self, now: float) -> bool:
        """Whether the lease holds and has a slot for one more call."""
        return now < self._lease.until and self._in_flight < self._lease.grant.slots and not self.is_over

    async def _wait(self) -> None:
        """Waits for a change of the lease, the end of a call, or the time of the next permit."""
        due = self._lease.next_due if self._has_slot(self._loop.time()) else None
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._changed.wait()

    async def _renew(self) -> None:
        """Reports as often as the meter asks, and soon if something is urgent."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lease.grant.renew_s - _SHORTEST_RENEWAL_S):
                    await self._urgent.wait()
            self._urgent.clear()
            sent_at = self._loop.time()
            try:
                async with asyncio.timeout(TERM_S):
                    grant = Grant(**await self._link.exchange(self._report()._asdict()))
            except Exception as error:  # noqa: BLE001  any error of the connection means that the meter is not there
                self._note_loss(error)
            else:
                self._take(grant, sent_at)
            await asyncio.sleep(_SHORTEST_RENEWAL_S)

    def _report(self, *, is_leaving: bool = False) -> WorkerReport:
        now = self._loop.time()
        self._lease.drop_lapsed(now)
        self._number += 1
        first_end, ends = self._ends.to_send(now)
        spent = self._budget.totals
        return WorkerReport(
            member=self._link.member,
            shard=self._link.shard,
            number=self._number,
            trip_s=self._lease.clock.trip_s,
            demand=self._demand.report(self._in_flight + self._waiting),
            in_flight=self._in_flight,
            call_s=self._call_s,
            started=self._started,
            lapsed=self._lease.lapsed,
            settled=self._budget.noted + self._unasked,
            next_tokens=self._next_tokens,
            taken=self._taken,
            reserved=self._reserved,
            replied=self._replied,
            spent_tokens=spent.tokens,
            spent_usd=spent.usd,
            spent_calls=spent.calls,
            rows_remain=self._rows_remain,
            has_probe=self._probes > 0 or self._lease.has_probe,
            ends=ends,
            first_end=first_end,
            paused=self._pauses.reasons,
            first_replies=self._first_replies.streak,
            halted=self._halted,
            is_leaving=is_leaving,
        )

    def _take(self, grant: Grant, sent_at: float) -> None:
        """Puts a new lease in place of the last one."""
        now = self._loop.time()
        if self._is_lost:
            self._is_lost = False
            logger.info("The scheduler is back: calls go on")
        before = self._lease.grant
        self._lease.renew(grant, sent_at, now)
        self._ends.confirm(grant.ends)
        if grant.breaker != before.breaker:
            last = Failure(grant.cause, grant.words) if grant.cause else None
            self._log.note(BreakerState[grant.breaker], last, grant.wait_s or 0.0)
        if grant.is_proven:
            self._prove()
        self._pauses.adopt(grant.paused)
        if grant.is_first_over:
            self._first_replies.end()
        if grant.over and not before.over:
            if grant.over not in (CAP, OUTAGE) and not self._halted:
                logger.warning("No further calls, since the run was stopped elsewhere: %s", grant.over)
            self._halt(None)
        self._changed.set()

    def _note_loss(self, error: Exception) -> None:
        """Logs the loss of the meter once the lease has ended; ends the calls if it lasts too long."""
        lost_s = self._loop.time() - self._lease.until
        if lost_s < 0 or self._halted or self._is_given_up:
            return
        why = f"{type(error).__name__}: {error}"
        if not self._is_lost:
            self._is_lost = True
            logger.warning("The scheduler does not answer (%s): no further call until it is back", why)
        if lost_s > self._link.lost_after_s:
            lost = MeterLostError(
                f"The scheduler, which keeps limits and caps over all workers, has not answered for {lost_s:.0f} s "
                f"({why}). All replies are saved. Next: look at the scheduler, and run the same command again"
            )
            self._is_given_up = True  # not reported, should the meter be back: the other workers may go on
            self._halt(lost)
