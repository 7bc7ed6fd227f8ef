"""One worker thread for work that must not block an event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class WorkerThread:
    """Calls functions one after the other, each from the same shallow stack.

    One thread, since several would take the interpreter's lock from the event loop more often, and be no faster.

    Args:
        name: Of the thread; it is started by the first call.
    """

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def call(self, function: Callable[..., Result], *args: Any) -> Result:
        """What the function returns; waits for it."""
        try:
            future = self._pool.submit(function, *args)
        except RuntimeError:  # the interpreter is shutting down, and starts no more work
            return function(*args)
        return future.result()

    async def call_off_loop(self, function: Callable[..., Result], *args: Any) -> Result:
        """The same from an event loop, which runs on meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args))
