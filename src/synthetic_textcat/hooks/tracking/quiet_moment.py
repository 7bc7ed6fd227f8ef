"""Start time of background work during model calls: when the engine leaves the processor idle, or its calls are over.

The import of MLflow, its store and its writes take seconds of the interpreter that sends the calls. A server that
answers within milliseconds keeps that interpreter busy, and each of those seconds would be missing in the rate.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event

_CALLS_ARE_OUT_S = 2.0
"""Time in which a model-calling node has imported its client and sent its first request."""

_IDLE_BELOW = 0.5
"""Share of a processor below which the process counts as idle; 64 calls in flight of 200 ms each take a third."""

_LONGEST_S = 60.0
"""Maximum wait for a busy engine: MLflow's two CPU seconds are then 3 % of the time, and the run becomes visible."""

_THREADS = Path("/proc/self/task")


class QuietMoment:
    """Waits for a moment at which other work in this process does not slow model calls.

    The moment has come at the latest once `now` is called, as when the calls are over, or after a minute of calls.

    Args:
        monotonic: Clock, in seconds.
        demand_s: Returns the processor seconds that the process has used or waited for so far.
        look_every_s: Seconds over which its share of a processor is measured.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        demand_s: Callable[[], float] | None = None,
        look_every_s: float = 0.5,
    ) -> None:
        self._monotonic = monotonic
        self._demand_s = demand_s or processor_demand_s
        self._look_every_s = look_every_s
        self._now = Event()
        self._calls_began: float | None = None

    def calls_begin(self) -> None:
        """Notes that a model-calling node starts."""
        self._calls_began = self._monotonic()

    def calls_pause(self) -> None:
        """Notes that another node runs, and a model-calling one will follow: its first request should not wait."""
        self._calls_began = None

    def now(self) -> None:
        """Ends the wait."""
        self._now.set()

    def wait(self) -> None:
        """Blocks until the moment has come."""
        before: tuple[float, float] | None = None
        while not self._now.wait(self._look_every_s):
            began, at = self._calls_began, (self._monotonic(), self._demand_s())
            if began is None or before is None or before[0] < began:  # the interval was not all of calls
                before = at
                continue
            share = (at[1] - before[1]) / max(at[0] - before[0], 1e-9)
            if at[0] - began >= (_CALLS_ARE_OUT_S if share < _IDLE_BELOW else _LONGEST_S):
                return
            before = at


def processor_demand_s() -> float:
    """Processor seconds that this process has used or, where the system counts it (Linux), waited for.

    With the waits of its threads, an engine that gets a fifth of a busy machine does not look idle.
    """
    waited_ns = 0
    with suppress(OSError, ValueError, IndexError):
        for thread in _THREADS.iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
                waited_ns += int((thread / "schedstat").read_text(encoding="ascii").split()[1])
    return time.process_time() + waited_ns / 1e9
