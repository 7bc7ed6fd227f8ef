"""Live metrics: a background thread logs progress and sampled calls while the calls are made."""

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
"""Interval between points: 1 s at first, then 2 % of the elapsed time, at most 30 s: 1,100 points in 8 hours."""

_MOST_WAITING = 100
"""Maximum of buffered points, 600 numbers, since MLflow accepts 1,000 at once. The oldest are dropped."""

_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts so far; `tokens` is None if the usage of a call is unknown, `usd` also if a price is unknown."""

    done: int = 0
    checked: int = 0
    accepted: int = 0
    tokens: int | None = 0
    usd: float | None = 0.0

    @classmethod
    def of(cls, tally: Tally) -> Self:
        """Counts of a tally."""
        totals = tally.totals
        tokens, usd = (None, None) if totals.uncounted else (totals.tokens, totals.usd)
        return cls(tally.done, tally.checked, tally.accepted, tokens, usd)

    def plus(self, other: Self) -> Self:
        """Sum of both counts."""
        return type(self)(
            self.done + other.done,
            self.checked + other.checked,
            self.accepted + other.accepted,
            plus(self.tokens, other.tokens),
            plus(self.usd, other.usd),
        )


@dataclass(frozen=True, slots=True)
class _Point:
    """Metric values at one time.

    Attributes:
        at_ms: Milliseconds since the epoch.
        at_s: Seconds of the monotonic clock.
        step: Rows done; MLflow's charts offer the time as their other axis.
        values: Metric → number.
    """

    at_ms: int
    at_s: float
    step: int
    values: Mapping[str, float]


class LivePoints:
    """Metrics `live/…` of a run: sampled from the tally as replies are saved, written by another thread.

    The passes of a quota are added up.

    - `live/rows_done`: settled rows, of the rows that this run requests.
    - `live/rows_accepted`: settled rows that pass the single-row checks; the final count is in the report.
    - `live/yield`: `rows_accepted` / settled rows that are checked; no point before there are any.
    - `live/rows_per_s`: settled rows per second since the previous point; not at the first point.
    - `live/tokens`: prompt and completion tokens; ends if the usage of a call is unknown.
    - `live/usd`: their cost; ends likewise, and if a price is unknown.

    Args:
        clock: Clock of the run.
    """

    def __init__(self, clock: RunClock) -> None:
        self._clock = clock
        self._waiting: list[_Point] = []
        self._lock = Lock()
        self._first: _Point | None = None
        self._last: _Point | None = None
        self._before = self._of_pass = self._noted = _Counts()

    def note(self, tally: Tally, *, at_once: bool = False) -> None:
        """Adds a point if one is due, or `at_once`; no point if no row was settled or checked since the last one."""
        self._of_pass = _Counts.of(tally)
        now, counts = self._clock.monotonic(), self._before.plus(self._of_pass)
        is_new = (counts.done, counts.checked) != (self._noted.done, self._noted.checked)
        if not is_new or (self._last and not (at_once or self._is_due(now))):
            return
        point = _Point(self._clock.now_ms(), now, counts.done, _values(counts) | self._rate(counts, now))
        self._first, self._last, self._noted = self._first or point, point, counts
        with self._lock:
            self._waiting.append(point)
            del self._waiting[:-_MOST_WAITING]

    def next_pass(self) -> None:
        """Starts another pass of a quota, whose tally is added to the counts so far."""
        self._before, self._of_pass = self._before.plus(self._of_pass), _Counts()

    def write(self, client: "MlflowClient", run_id: str) -> None:
        """Writes the buffered points in one call; after a failure they stay buffered."""
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
        if self._last is None or now <= self._last.at_s or counts.done == self._last.step:
            return {}
        return {"live/rows_per_s": (counts.done - self._last.step) / (now - self._last.at_s)}


def _values(counts: _Counts) -> dict[str, float]:
    values = {
        "live/rows_done": float(counts.done),
        "live/rows_accepted": float(counts.accepted),
    }
    if counts.checked:
        values["live/yield"] = counts.accepted / counts.checked
    unsure = {"live/tokens": counts.tokens, "live/usd": counts.usd}
    return values | {name: float(value) for name, value in unsure.items() if value is not None}


class LiveRecorder:
    """Recorder of live metrics and sampled calls: buffers as replies are saved, writes every few seconds.

    Args:
        tally: Returns the progress of the calls; None before the first.
        trace_share: Share of the rows whose calls become traces.
        clock: Clock of the run.
    """

    def __init__(self, tally: Callable[[], Tally | None], trace_share: float, clock: RunClock) -> None:
        self._calls = SampledCalls(trace_share, clock)
        self._points = LivePoints(clock)
        self._tally = tally
        self._over = Event()

    def keep_input(self, name: str, data: object) -> None:
        """Keeps an input of the node that calls the model, to render the messages of sampled calls."""
        self._calls.keep_input(name, data)

    def note(self, completions: Iterable[Completion]) -> None:
        """Buffers saved replies; takes microseconds, since calls are in flight."""
        if (tally := self._tally()) is not None:
            self._points.note(tally)
            self._calls.note(completions)

    def next_pass(self) -> None:
        """Starts another pass of a quota."""
        self._points.next_pass()

    def calls_are_over(self) -> None:
        """Adds a last point and releases the plan, once another node runs."""
        if (tally := self._tally()) is not None:
            self._points.note(tally, at_once=True)
        self._calls.release_plan()

    def write_on(self, log: RunLog, guard: Guard) -> None:
        """Writes until stopped. Failures are retried at the end of the run, and reported only then.

        Args:
            log: Log of the run.
            guard: Guard for these steps only, whose failures are not reported.
        """
        while not self._over.wait(_EVERY_S):
            self._write(log, guard)

    def stop(self) -> None:
        """Stops the background writing."""
        self._over.set()

    def finish(self, log: RunLog, guard: Guard) -> None:
        """Writes the remaining points and traces."""
        self.calls_are_over()
        self._write(log, guard)

    def _write(self, log: RunLog, guard: Guard) -> None:
        guard.attempt("its progress", lambda: self._points.write(log.client, log.run_id))
        guard.attempt("its traces", lambda: write_traces(log, self._calls.take()))
