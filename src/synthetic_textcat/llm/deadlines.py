"""The deadline of each call as a whole, watched by one timer for all: a timer a call would cost it processor time."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")

_TICKS_A_DEADLINE = 20
_LONGEST_TICK_S = 1.0


class Deadlines:
    """Cancels calls that take too long, a second late at most; belongs to one event loop.

    A client's own timeout counts from one byte to the next, so a reply that drips never ends. Cancelling a call closes
    its connection.

    Args:
        seconds: How long a call may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._due: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._loop = asyncio.get_running_loop()
        self._watch = self._loop.create_task(self._cancel_late_ones())

    async def within(self, call: Awaitable[Result]) -> Result:
        """The call's result.

        Raises:
            TimeoutError: If it took too long.
        """
        task = asyncio.current_task(self._loop)
        assert task is not None
        self._due[task] = self._loop.time() + self.seconds
        try:
            return await call
        except asyncio.CancelledError:
            if task in self._expired:
                self._expired.discard(task)
                if not task.uncancel():  # else the engine wants it to end as well
                    raise TimeoutError from None
            raise
        finally:
            del self._due[task]
            if task in self._expired:  # the call ended in its own way all the same
                self._expired.discard(task)
                task.uncancel()

    def close(self) -> None:
        """Watches no longer."""
        self._watch.cancel()

    async def _cancel_late_ones(self) -> None:
        while True:
            await asyncio.sleep(min(_LONGEST_TICK_S, self.seconds / _TICKS_A_DEADLINE))
            now = self._loop.time()
            for task in [task for task, due in self._due.items() if due <= now]:
                if task not in self._expired:
                    self._expired.add(task)
                    task.cancel()
