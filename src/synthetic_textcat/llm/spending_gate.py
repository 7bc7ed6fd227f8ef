"""Spending gate (admission control): a call starts only if the budget has room for it beside the calls in flight."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from synthetic_textcat.llm.budget import Budget


class SpendingGate:
    """Counts the calls in flight of a capped run, so that a cap is overshot by less than all of them. One event loop.

    Args:
        budget: What may still be spent, and what a call usually takes.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._in_flight = 0
        self._landed = asyncio.Condition()

    def slot(self) -> AbstractAsyncContextManager[None]:
        """A place for one call, from before it is sent until it is noted in the budget; waits for room."""
        return self._counted() if self._budget.is_capped else nullcontext()

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        async with self._landed:
            await self._landed.wait_for(lambda: self._budget.has_room(self._in_flight))
            self._in_flight += 1
        try:
            yield
        finally:
            async with self._landed:
                self._in_flight -= 1
                self._landed.notify_all()
