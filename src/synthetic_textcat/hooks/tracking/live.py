"""How a run goes on, as points of MLflow's charts."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from synthetic_textcat.hooks.tally import Tally

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SHORTEST_S, _LONGEST_S, _OF_THE_TIME = 1.0, 30.0, 0.02
"""A point a second at first, then one each 2 % of the time so far, and never rarer than each 30 s: 1,100 in 8 hours."""

_MOST_WAITING = 100
"""Points kept while the store can't be reached: 600 numbers, and MLflow takes 1,000 at once. The oldest go."""


@dataclass(frozen=True, slots=True)
class _Point:
    """What was so at one time.

    Attributes:
        at_ms: Since the epoch.
        at_s: By a clock that nobody sets.
        step: Rows done, since the charts' other axis, the time, MLflow has anyway.
        values: Metric → number.
    """

    at_ms: int
    at_s: float
    step: int
    values: Mapping[str, float]


class LivePoints:
    """A run's metrics `live/…`, taken from the tally as answers are saved, and written from another thread.

    - `live/rows_done`: rows that are settled, of those that this run asks for.
    - `live/rows_accepted`: those whose reply passes the checks of one row; the report has the last word.
    - `live/yield`: the latter, as a share of the former.
    - `live/rows_per_s`: rows settled a second since the point before; not at the first one.
    - `live/tokens`: read and written.
    - `live/usd`: what they cost; no more of it once that is unknown.
    """

    def __init__(self) -> None:
        self._waiting: list[_Point] = []
        self._lock = Lock()
        self._first: _Point | None = None
        self._last: _Point | None = None

    def note(self, tally: Tally, *, at_once: bool = False) -> None:
        """Takes a point if it is time for one, or `at_once`; none where nothing was settled since the last one."""
        now = time.monotonic()
        if not tally.done or (self._last and (tally.done == self._last.step or not (at_once or self._is_due(now)))):
            return
        point = _Point(int(time.time() * 1000), now, tally.done, _values(tally) | self._rate(tally, now))
        self._first, self._last = self._first or point, point
        with self._lock:
            self._waiting.append(point)
            del self._waiting[:-_MOST_WAITING]

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

    def _rate(self, tally: Tally, now: float) -> dict[str, float]:
        if self._last is None or now <= self._last.at_s:
            return {}
        return {"live/rows_per_s": (tally.done - self._last.step) / (now - self._last.at_s)}


def _values(tally: Tally) -> dict[str, float]:
    values = {
        "live/rows_done": float(tally.done),
        "live/rows_accepted": float(tally.accepted),
        "live/yield": tally.accepted / tally.done,
        "live/tokens": float(tally.tokens),
    }
    return values if tally.usd is None else values | {"live/usd": tally.usd}
