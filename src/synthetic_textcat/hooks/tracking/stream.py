"""What MLflow is told of a run while it runs, from a thread beside the pipeline."""

from collections.abc import Callable, Iterable
from threading import Event

from synthetic_textcat.hooks.tally import Tally
from synthetic_textcat.hooks.tracking.clock import RunClock
from synthetic_textcat.hooks.tracking.guard import Guard
from synthetic_textcat.hooks.tracking.live_metrics import LivePoints
from synthetic_textcat.hooks.tracking.run_log import RunLog
from synthetic_textcat.hooks.tracking.sampled_calls import SampledCalls
from synthetic_textcat.hooks.tracking.traces import write_traces
from synthetic_textcat.schemas.completions import Completion

_EVERY_S = 5.0


class Stream:
    """Points of progress, and a sample of calls: noted as answers are saved, written every few seconds.

    Args:
        tally: How far the calls are; None before there are any.
        trace_share: Of the rows, whose calls become traces.
        clock: The run's times.
    """

    def __init__(self, tally: Callable[[], Tally | None], trace_share: float, clock: RunClock) -> None:
        self._calls = SampledCalls(trace_share, clock)
        self._points = LivePoints(clock)
        self._tally = tally
        self._over = Event()

    def hold(self, name: str, data: object) -> None:
        """Keeps what a node that calls the model has loaded, for showing what was sent."""
        self._calls.hold(name, data)

    def note(self, completions: Iterable[Completion]) -> None:
        """Takes in answers that are saved: microseconds, since calls are under way."""
        if (tally := self._tally()) is not None:
            self._points.note(tally)
            self._calls.note(completions)

    def next_pass(self) -> None:
        """Another pass of a quota begins."""
        self._points.next_pass()

    def calls_are_over(self) -> None:
        """Takes a last point while it is true, and lets go of the plan; another node runs."""
        if (tally := self._tally()) is not None:
            self._points.note(tally, at_once=True)
        self._calls.let_go()

    def write_on(self, log: RunLog, guard: Guard) -> None:
        """Writes until told to stop. A store that fails here is tried again at the end, and only then told of.

        Args:
            log: Of the run.
            guard: One for these steps alone, whose failures nobody is told.
        """
        while not self._over.wait(_EVERY_S):
            self._write(log, guard)

    def stop(self) -> None:
        """Ends the writing beside the pipeline."""
        self._over.set()

    def finish(self, log: RunLog, guard: Guard) -> None:
        """Writes the rest."""
        self.calls_are_over()
        self._write(log, guard)

    def _write(self, log: RunLog, guard: Guard) -> None:
        guard.attempt("its progress", lambda: self._points.write(log.client, log.run_id))
        guard.attempt("its traces", lambda: write_traces(log, self._calls.take()))
