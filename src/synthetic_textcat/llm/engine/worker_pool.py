"""Worker pool on one event loop: workers take calls from a queue and return completions."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from synthetic_textcat.errors import FatalAnswerError, PriceListError, TextcatError
from synthetic_textcat.llm.calls.context_window import ContextWindow
from synthetic_textcat.llm.calls.first_replies import FirstReplies
from synthetic_textcat.llm.calls.policy import Attempt, Call, CallPolicy
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.engine.meter import Meter
from synthetic_textcat.llm.engine.single_call import CallResult, ModelCaller
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.open_calls import Batch, OpenCalls
from synthetic_textcat.schemas.outcomes import TOO_LONG
from synthetic_textcat.schemas.stops import Outage

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_PATIENCE_S = 15.0
"""Seconds for which the other workers wait for the first call: long enough to learn of a wrong key."""

_MOST_FAULTS = 20
"""Consecutive rows on which our own code fails before the run ends."""


class WorkerPool:
    """Pool of asyncio workers; all methods run on the event loop.

    The very first call goes alone: if there is no server, or the key or the model is wrong, no other call is made.
    """

    def __init__(self, chat: Chat, policy: CallPolicy, meter: Meter) -> None:
        self._chat = chat
        self._policy = policy
        self._meter = meter
        self._size = policy.limits.max_concurrency
        self._calls = CallQueue()
        self._context = ContextWindow()
        self._first_replies: dict[str, FirstReplies] = {}
        self._first_in_turn = asyncio.Lock()
        self._arrivals: list[Completion] = []
        self._most_waiting = max(256, 4 * self._size)
        self._room = asyncio.Event()
        self._room.set()
        self._wake = asyncio.Event()
        self._proven = asyncio.Event()
        self._over = asyncio.Event()
        self._asker = ModelCaller(chat, policy, self._proven.is_set, meter.has_answered)
        if meter.is_over:
            self._over.set()
        self._waiting: set[asyncio.Task[Any]] = set()
        self._error: BaseException | None = None
        self._faults = 0
        self._retrying = 0
        self._at_work = 0
        self._workers: list[asyncio.Task[None]] = []
        meter.begin(self._halt, self._proven.set)

    @property
    def outage(self) -> Outage | None:
        """The outage that stopped the calls early; None if there was none."""
        return self._meter.outage

    async def begin(self, calls: Iterator[Call]) -> None:
        """Starts workers on new calls, once all earlier ones are done and returned."""
        self._calls = CallQueue(calls)
        self._at_work = self._size
        self._wake.clear()
        self._workers = [asyncio.create_task(self._work(first=number == 0)) for number in range(self._size)]

    async def arrived(self, window_s: float) -> Batch | None:
        """Waits up to `window_s` and returns the completions received; None once all calls are done and returned.

        Returns early if the buffer is full.

        Raises:
            FatalAnswerError: After a fatal answer, once the calls in flight have been returned.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), window_s)
        batch = self._hand_over()
        if batch or self._at_work:
            return batch
        if self._error is not None:
            raise self._error
        self._meter.conclude()
        return None

    async def stop(self) -> Batch:
        """Cancels the workers and calls in flight; returns the completions received, and a line of each such call."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._asker.close()
        with suppress(Exception):  # received completions matter more than a clean close
            await self._chat.close()
        await self._meter.close()
        self._arrivals += self._asker.abandoned
        self._asker.abandoned.clear()
        return self._hand_over()

    def _hand_over(self) -> Batch:
        batch = Batch(self._arrivals, OpenCalls(*self._asker.open_calls, self._retrying))
        self._arrivals = []
        if self._at_work:
            self._wake.clear()
        self._room.set()
        return batch

    async def _buffer(self, completion: Completion) -> None:
        """Adds a completion to the next batch; waits for a slow reader (back-pressure), so that memory stays flat."""
        self._arrivals.append(completion)
        if len(self._arrivals) >= self._most_waiting:
            self._room.clear()
            self._wake.set()
        await self._room.wait()

    async def _work(self, first: bool) -> None:
        try:
            if not first:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._proven.wait(), _PATIENCE_S)
            while not self._over.is_set() and (call := self._calls.take()) is not None:
                if not self._policy.pauses.leave_out(call.task_id):  # it may have been queued before the pause
                    await self._settle(call)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  an exit raised in a task would silently end the event loop
            self._meter.fail(error)
            self._error = self._error or error
            self._halt()
        finally:
            self._at_work -= 1
            self._proven.set()
            if not self._at_work:
                self._wake.set()

    async def _settle(self, call: Call) -> None:
        """Makes calls until a reply is good, attempts are used up, there is no reply, or the row's task is paused."""
        if self._context.is_exceeded_by(call.prompt_tokens):
            return  # as its journal line says; only a larger context would help
        past = list(call.past)
        while not self._is_over(call) and len(past) < self._policy.limits.max_attempts:
            answered = await self._reply(call, self._policy.attempt(call, past))
            if answered is None:
                return
            problem = await self._judged_in_turn(call, answered)
            if problem is None:
                return
            past.append((answered, problem))

    def _is_over(self, call: Call) -> bool:
        return self._over.is_set() or self._policy.pauses.is_paused(call.task_id)

    async def _reply(self, call: Call, attempt: Attempt) -> Completion | None:
        """A reply, within the retries that the policy allows; None if there is none, or the run ends first."""
        number, attempt = 1, self._context.fitted(call, attempt)
        while (asked := await self._called(call, attempt, number)) is not None:
            if asked.completion.replied:
                return asked.completion
            if asked.completion.status == TOO_LONG:
                shorter = self._context.shortened(call, attempt, asked.completion)
                if shorter is None:
                    self._note_too_long(call, asked.completion)
                    return None
                number, attempt = number + 1, shorter
                continue
            wait_s = self._policy.retries.wait_s(number, asked.retry_after_s) if asked.may_retry else None
            if wait_s is None or self._over.is_set():
                return None
            self._retrying += 1
            try:
                await self._interruptible(asyncio.sleep(wait_s))
            finally:
                self._retrying -= 1
            number += 1
        return None

    def _note_too_long(self, call: Call, completion: Completion) -> None:
        """Counts a row whose prompt does not fit towards the pause of its task."""
        pauses = self._policy.pauses
        if pauses.is_watched(call.task_id):
            pauses.note(call.task_id, call.request_id, Problem(TOO_LONG, completion.error or ""))

    async def _called(self, call: Call, attempt: Attempt, number: int) -> CallResult | None:
        """Makes a call, from admission until the budget has recorded it; None if the run ends first."""
        async with self._meter.slot():
            if self._over.is_set():
                return None
            ticket = self._meter.enter_at_once()
            if ticket is None:
                ticket = await self._interruptible(self._meter.enter(attempt.messages))
            asked: CallResult | None = None
            try:
                if not self._over.is_set():
                    asked = await self._asker.ask(call, attempt, number)
            finally:
                self._meter.leave(ticket, asked, attempt.messages, rows_remain=not self._calls.is_empty)
            if asked is None:
                return None
            await self._buffer(asked.completion)
            self._context.note(attempt, asked.completion)
            self._policy.answering.note(asked.completion)
            if self._meter.verdict:
                raise FatalAnswerError(self._meter.verdict)
            self._account(asked.completion)  # before other calls are admitted: this may have to be the last one
        self._proven.set()
        return asked

    async def _interruptible(self, wait: Coroutine[Any, Any, Result]) -> Result:
        """A wait that is cancelled when the run ends."""
        me = asyncio.current_task()
        assert me is not None
        self._waiting.add(me)
        try:
            return await wait
        finally:
            self._waiting.discard(me)

    async def _judged_in_turn(self, call: Call, completion: Completion) -> Problem | None:
        """The problem of a reply; first replies are judged and counted one at a time, in the order of their arrival.

        The lock is fair. Without it, bad replies that are read at once would overtake good ones that take a while, and
        a model that fails now and then would look like one that always fails.
        """
        if not self._is_watched(call):
            return await self._judged(completion)
        async with self._first_in_turn:
            problem = await self._judged(completion)
            await self._watch(call, completion, problem)
        return problem

    def _is_watched(self, call: Call) -> bool:
        return not self._watcher(call).is_over or self._policy.pauses.is_watched(call.task_id)

    def _watcher(self, call: Call) -> FirstReplies:
        if (watcher := self._first_replies.get(call.kind)) is None:
            watcher = self._first_replies[call.kind] = self._meter.first_replies(call.untried, call.kind)
        return watcher

    async def _judged(self, completion: Completion) -> Problem | None:
        """The problem of a reply. If our own code fails on it, only this row is lost."""
        try:
            problem = await self._policy.judge.off_loop(completion)
        except Exception as error:
            self._faults += 1
            if self._faults >= _MOST_FAULTS:
                raise
            return Problem("invalid_json", f"can't be read: {type(error).__name__}: {error}"[:200])
        self._faults = 0
        return problem

    async def _watch(self, call: Call, completion: Completion, problem: Problem | None) -> None:
        """Counts the first replies of the run and of each task."""
        if self._over.is_set():
            return
        self._watcher(call).note(completion, problem, call.task_id)
        pauses = self._policy.pauses
        if not pauses.is_watched(call.task_id):
            return
        if problem is None:  # in a thread: a check may take a tenth of a second
            problem = await asyncio.to_thread(pauses.check, call, completion)
        pauses.note(call.task_id, call.request_id, problem)

    def _account(self, completion: Completion) -> None:
        try:
            self._policy.budget.note(completion)
        except PriceListError:
            self._halt()
            raise
        if self._meter.is_over:
            self._halt()

    def _halt(self, error: TextcatError | None = None) -> None:
        """Stops further calls, with the error that the pool then raises; calls in flight are completed."""
        self._error = self._error or error
        self._over.set()
        for worker in self._waiting:
            worker.cancel()


class CallQueue:
    """Queue over an iterator of calls.

    An error of the iterator is raised only when the failed call is taken, so that the calls before it are still made.

    Args:
        calls: May be lazy.
    """

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self._calls: Iterator[Call] = iter(calls)
        self._ahead: Call | None = None
        self._error: Exception | None = None
        self._draw()

    @property
    def is_empty(self) -> bool:
        """Whether all calls have been taken."""
        return self._ahead is None

    def take(self) -> Call | None:
        """The next call; None if there is none."""
        if self._error is not None:
            raise self._error
        call = self._ahead
        if call is not None:
            self._draw()
        return call

    def _draw(self) -> None:
        self._ahead = None
        try:
            self._ahead = next(self._calls, None)
        except Exception as error:  # noqa: BLE001  raised by `take`
            self._error = error
