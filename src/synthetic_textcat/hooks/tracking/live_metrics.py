"""Live metrics: a thread next to the pipeline logs progress while the calls are made."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Event, Lock
from typing import TYPE_CHECKING, Self

from synthetic_textcat.hooks.tally import Tally
from synthetic_textcat.hooks.tracking.guard import Guard
from synthetic_textcat.hooks.tracking.run_log import RunClock, RunLog
from synthetic_textcat.hooks.tracking.traces import SampledCalls, write_traces
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.prices import plus

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SHORTEST_S, _LONGEST_S, _OF_THE_TIME = 1.0, 30.0, 0.02
"""A point a second at first, then one each 2 % of the time so far, and never rarer than each 30 s: 1,100 in 8 hours."""

_MOST_WAITING = 100
"""Points kept while the store can't be reached: 600 numbers, and MLflow takes 1,000 at once. The oldest go."""

_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Counts:
    """What was counted so far; `tokens` is None once a call is of unknown usage, `usd` also once a price is unknown."""

    done: int = 0
    accepted: int = 0
    tokens: int | None = 0
    usd: float | None = 0.0

    @classmethod
    def of(cls, tally: Tally) -> Self:
        """As the tally has it."""
        tokens, usd = (None, None) if tally.uncounted else (tally.tokens, tally.usd)
        return cls(tally.done, tally.accepted, tokens, usd)

    def plus(self, other: Self) -> Self:
        """Both together."""
        return type(self)(
            self.done + other.done,
            self.accepted + other.accepted,
            plus(self.tokens, other.tokens),
            plus(self.usd, other.usd),
        )


@dataclass(frozen=True, slots=True)
class _Point:
    """What was so at one time.

    Attributes:
        at_ms: Since the epoch.
        at_s: By the monotonic clock.
        step: Rows done, since the charts' other axis, the time, MLflow has anyway.
        values: Metric → number.
    """

    at_ms: int
    at_s: float
    step: int
    values: Mapping[str, float]


class LivePoints:
    """A run's metrics `live/…`, taken from the tally as answers are saved, and written from another thread.

    All passes of a quota are added up.

    - `live/rows_done`: rows that are settled, of those that this run asks for.
    - `live/rows_accepted`: those whose reply passes the checks of one row; the report has the last word.
    - `live/yield`: the latter, as a share of the former.
    - `live/rows_per_s`: rows settled a second since the point before; not at the first one.
    - `live/tokens`: read and written; no more of it once a call is of unknown usage.
    - `live/usd`: what they cost; likewise, and once a price is unknown.

    Args:
        clock: The run's times.
    """

    def __init__(self, clock: RunClock) -> None:
        self._clock = clock
        self._waiting: list[_Point] = []
        self._lock = Lock()
        self._first: _Point | None = None
        self._last: _Point | None = None
        self._before = self._of_pass = _Counts()

    def note(self, tally: Tally, *, at_once: bool = False) -> None:
        """Takes a point if it is time for one, or `at_once`; none where nothing was settled since the last one."""
        self._of_pass = _Counts.of(tally)
        now, counts = self._clock.monotonic(), self._before.plus(self._of_pass)
        if not counts.done or (self._last and (counts.done == self._last.step or not (at_once or self._is_due(now)))):
            return
        point = _Point(self._clock.now_ms(), now, counts.done, _values(counts) | self._rate(counts, now))
        self._first, self._last = self._first or point, point
        with self._lock:
            self._waiting.append(point)
            del self._waiting[:-_MOST_WAITING]

    def next_pass(self) -> None:
        """Another pass of a quota begins, with a tally of its own; what was counted so far is added to it."""
        self._before, self._of_pass = self._before.plus(self._of_pass), _Counts()

    def write(self, client: "MlflowClient", run_id: str) -> None:
        """Writes the points that wait, in one call; where that fails they wait on."""
        from mlflow.entities import Metric

        with self._lock:
            points = self._waiting[:]
        metrics = [Metric(name, value, at.at_ms, at.step) for at in points for name, value in at.values.items()]
        if metrics:
            client.log_batch(run_id, metrics=metrics)
        with self._lock:
            self._waiting = [point for point in self._waiting if point not in points]

    def _is_due(self, now: float) -> bool:
        assert self._first is not None
        assert self._last is not None
        every_s = min(_LONGEST_S, max(_SHORTEST_S, _OF_THE_TIME * (now - self._first.at_s)))
        return now - self._last.at_s >= every_s

    def _rate(self, counts: _Counts, now: float) -> dict[str, float]:
        if self._last is None or now <= self._last.at_s:
            return {}
        return {"live/rows_per_s": (counts.done - self._last.step) / (now - self._last.at_s)}


def _values(counts: _Counts) -> dict[str, float]:
    values = {
        "live/rows_done": float(counts.done),
        "live/rows_accepted": float(counts.accepted),
        "live/yield": counts.accepted / counts.done,
    }
    unsure = {"live/tokens": counts.tokens, "live/usd": counts.usd}
    return values | {name: float(value) for name, value in unsure.items() if value is not None}


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
