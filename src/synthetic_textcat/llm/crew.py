"""N workers on one event loop: each takes a call, asks until the row is settled, and hands on every completion."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.llm.asking import ask
from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.first_replies import FirstReplies
from synthetic_textcat.llm.messages import Messages
from synthetic_textcat.llm.pace import Pace
from synthetic_textcat.llm.spending_gate import SpendingGate
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem

_PATIENCE_S = 15.0
"""How long the others wait for the first call: long enough to hear of a wrong key."""


class Crew:
    """The workers. All of its methods run on the event loop.

    The very first call goes alone: if no server is there, or the key or the model is wrong, nothing more is asked.
    """

    def __init__(self, chat: Chat, manner: Manner, pace: Pace) -> None:
        size = manner.limits.max_concurrency
        self._chat = chat
        self._calls: Iterator[Call] = iter(())
        self._manner = manner
        self._pace = pace
        self._spending_gate = SpendingGate(manner.budget)
        self._first_replies: dict[str, FirstReplies] = {}
        self._arrivals: list[Completion] = []
        self._most_waiting = max(256, 4 * size)
        self._room = asyncio.Event()
        self._room.set()
        self._wake = asyncio.Event()
        self._proven = asyncio.Event()
        self._over = asyncio.Event()
        if manner.budget.is_spent:
            self._over.set()
        self._in_line: set[asyncio.Task[None]] = set()
        self._error: Exception | None = None
        self._size = size
        self._at_work = 0
        self._workers: list[asyncio.Task[None]] = []

    async def begin(self, calls: Iterator[Call]) -> None:
        """Sets to work on calls, when there are none yet or all of the last ones are done and handed over."""
        self._calls = calls
        self._at_work = self._size
        self._wake.clear()
        self._workers = [asyncio.create_task(self._work(first=number == 0)) for number in range(self._size)]

    async def arrived(self, window_s: float) -> list[Completion] | None:
        """What arrives within the window, sooner if it is full; None when all is done and handed over.

        Raises:
            FatalAnswerError: After a fatal answer, when all that was in flight has been handed over.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), window_s)
        batch = self._hand_over()
        if batch or self._at_work:
            return batch
        if self._error is not None:
            raise self._error
        return None

    async def stop(self) -> list[Completion]:
        """Ends the workers; gives back what had arrived. Calls in flight are given up."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        with suppress(Exception):  # what arrived is worth more than a connection closed well
            await self._chat.close()
        return self._hand_over()

    def _hand_over(self) -> list[Completion]:
        batch, self._arrivals = self._arrivals, []
        if self._at_work:
            self._wake.clear()
        self._room.set()
        return batch

    async def _take_in(self, completion: Completion) -> None:
        """Keeps a completion for the next batch; waits where the reader can't keep up, so that memory stays flat."""
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
            while not self._over.is_set() and (call := next(self._calls, None)) is not None:
                await self._settle(call)
        except Exception as error:
            self._error = self._error or error
            self._halt()
            raise
        finally:
            self._at_work -= 1
            self._proven.set()
            if not self._at_work:
                self._wake.set()

    async def _settle(self, call: Call) -> None:
        """Asks until a reply is good, the attempts are used up, or no reply comes."""
        past = list(call.past)
        while not self._over.is_set() and len(past) < self._manner.limits.max_attempts:
            messages = call.messages
            for completion, problem in past:
                messages = self._manner.ask_again(messages, completion.raw_text, problem)
            async with self._spending_gate.slot():
                expected = await self._turn(messages)
                if self._over.is_set():
                    return
                completion = await ask(self._chat, call, messages, len(past) + 1, self._manner, self._proven.is_set)
                await self._take_in(completion)
                self._spend(completion)  # before the others are let go: it may be the last call
            self._proven.set()
            wrong = await self._manner.judge.off_loop(completion)
            self._account(call, expected, completion, messages, wrong)
            if wrong is None or not completion.replied:
                return
            past.append((completion, wrong))

    async def _turn(self, messages: Messages) -> float:
        me = asyncio.current_task()
        assert me is not None
        self._in_line.add(me)
        try:
            return await self._pace.turn(messages)
        finally:
            self._in_line.discard(me)

    def _account(
        self, call: Call, expected: float, completion: Completion, messages: Messages, wrong: Problem | None
    ) -> None:
        self._pace.note(expected, completion, messages)
        watcher = self._first_replies.setdefault(call.kind, FirstReplies(call.untried, call.kind))
        watcher.note(completion, wrong)

    def _spend(self, completion: Completion) -> None:
        """Adds a call to what is spent; lets no further one go out where a cap is reached, or can't be kept."""
        try:
            self._manner.budget.note(completion)
        except PriceListError:
            self._halt()
            raise
        if self._manner.budget.is_spent:
            self._halt()

    def _halt(self) -> None:
        """Lets no further call go out; those in flight come home."""
        self._over.set()
        for worker in self._in_line:
            worker.cancel()
