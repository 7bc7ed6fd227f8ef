"""One event loop in a background thread, for as long as calls are made.

Repeated `asyncio.run` breaks clients that are bound to a loop, and a notebook has a loop of its own.
This works in both.
"""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")

_LOOK_S = 5.0
"""How often a wait for the loop looks whether its thread still runs."""


class BackgroundLoop:
    """A context manager: starts the loop, runs coroutines on it, cancels what is left and closes it."""

    def __init__(self) -> None:
        self._loop = _new_loop()
        self._thread = threading.Thread(target=self._serve, name="model-calls", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Cancels what is left and ends the thread; does nothing the second time."""
        if self._loop.is_closed():
            return
        self.run(_cancel_all_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """The coroutine's result, from the loop's thread.

        Raises:
            RuntimeError: If that thread has ended, so that no result will ever come.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        while True:
            try:
                return future.result(_LOOK_S)
            except TimeoutError:
                if future.done():
                    raise
                if not self._thread.is_alive():
                    raise RuntimeError("the event loop that makes the calls has ended") from None

    def _serve(self) -> None:
        """Runs the loop until it is stopped; an exit that a client raised in a task of its own ends nothing."""
        while True:
            try:
                self._loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                continue
            return


def _new_loop() -> asyncio.AbstractEventLoop:
    """Uvloop's where it is installed: some percent of a call's processor time."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _cancel_all_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
