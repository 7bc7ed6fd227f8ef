"""A run's progress as points of MLflow's charts."""

from typing import TYPE_CHECKING

import pytest

from synthetic_textcat.hooks.tally import CallTotals, Tally
from synthetic_textcat.hooks.tracking.live_metrics import LivePoints
from synthetic_textcat.hooks.tracking.run_log import RunClock

if TYPE_CHECKING:
    from mlflow import MlflowClient

History = list[tuple[int, float]]


class _Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 100.0

    def points(self) -> LivePoints:
        """Points by this clock."""
        return LivePoints(RunClock(wall=lambda: self.now, monotonic=lambda: self.now))


class _Store:
    """Where points are written, in memory; down for a given number of calls."""

    def __init__(self, down_for: int = 0) -> None:
        self.down_for = down_for
        self.points: dict[str, History] = {}

    def log_batch(self, run_id: str, metrics: list[object]) -> None:
        assert run_id == "run"
        assert len(metrics) <= 1000  # MLflow takes no more
        if self.down_for:
            self.down_for -= 1
            raise OSError("no answer")
        for metric in metrics:
            self.points.setdefault(metric.key, []).append((metric.step, metric.value))  # type: ignore[attr-defined]

    def written(self, points: LivePoints) -> dict[str, History]:
        """All points, after these."""
        points.write(self, "run")  # type: ignore[arg-type]
        return self.points


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


def _tally(accepted: int, rejected: int = 0, **more: float | None) -> Tally:
    return Tally(1000, 1, accepted=accepted, rejected=rejected, totals=CallTotals(**more))  # type: ignore[arg-type]


def test_a_point_says_how_far_the_calls_are_at_so_many_rows(clock: _Clock) -> None:
    points = clock.points()
    points.note(_tally(0))
    points.note(_tally(3, 1, tokens=50, usd=0.5))
    clock.now += 2
    points.note(_tally(8, 2, tokens=90, usd=None))

    assert _Store().written(points) == {
        "live/rows_done": [(4, 4.0), (10, 10.0)],
        "live/rows_accepted": [(4, 3.0), (10, 8.0)],
        "live/yield": [(4, 0.75), (10, 0.8)],
        "live/tokens": [(4, 50.0), (10, 90.0)],
        "live/usd": [(4, 0.5)],
        "live/rows_per_s": [(10, 3.0)],
    }


def test_rows_that_wait_for_their_check_lower_no_yield_and_the_last_point_has_them(clock: _Clock) -> None:
    """A short run: all rows are settled within the first second, before the checks."""
    points = clock.points()
    points.note(Tally(1000, 1, unchecked=4))
    clock.now += 1
    points.note(_tally(3, 1), at_once=True)
    points.note(_tally(3, 1), at_once=True)
    written = _Store().written(points)
    assert written["live/rows_done"] == [(4, 4.0), (4, 4.0)]
    assert written["live/rows_accepted"] == [(4, 0.0), (4, 3.0)]
    assert written["live/yield"] == [(4, 0.75)]
    assert "live/rows_per_s" not in written


def test_rows_that_are_never_checked_while_calls_go_on_lower_no_yield(clock: _Clock) -> None:
    points = clock.points()
    points.note(Tally(1000, 1, accepted=3, rejected=1, unchecked=96))
    written = _Store().written(points)
    assert written["live/rows_done"] == [(100, 100.0)]
    assert written["live/yield"] == [(100, 0.75)]


def test_passes_of_a_quota_are_added_up(clock: _Clock) -> None:
    points = clock.points()
    points.note(_tally(3, 1, tokens=50, usd=0.5))
    points.next_pass()
    clock.now += 2
    points.note(_tally(2, tokens=10, usd=0.1))
    written = _Store().written(points)
    assert written["live/rows_done"] == [(4, 4.0), (6, 6.0)]
    assert written["live/tokens"] == [(4, 50.0), (6, 60.0)]


def test_points_come_a_second_apart_and_the_last_one_at_once(clock: _Clock) -> None:
    points = clock.points()
    for rows in range(1, 31):
        points.note(_tally(rows))
        clock.now += 0.125
    points.note(_tally(31), at_once=True)
    points.note(_tally(31), at_once=True)  # nothing new

    assert [step for step, _ in _Store().written(points)["live/yield"]] == [1, 9, 17, 25, 31]


def test_a_run_of_eight_hours_has_a_thousand_points(clock: _Clock) -> None:
    points, store = clock.points(), _Store()
    for rows in range(1, 8 * 3600):
        points.note(_tally(rows))
        clock.now += 1
        store.written(points)
    times = [step for step, _ in store.points["live/yield"]]  # a row a second

    assert 800 < len(times) < 1300
    assert times[-1] - times[-2] == 30


def test_what_could_not_be_written_waits_and_is_written_once(clock: _Clock) -> None:
    points, store = clock.points(), _Store(down_for=2)
    for rows in range(1, 300):
        points.note(_tally(rows))
        clock.now += 10
        if rows % 100 == 0:
            with pytest.raises(OSError, match="no answer"):
                store.written(points)
    steps = [step for step, _ in store.written(points)["live/yield"]]

    assert steps[-1] == 299
    assert 10 < len(steps) <= 100
    assert [step for step, _ in store.written(points)["live/yield"]] == steps


def test_mlflow_draws_them(shared_client: "MlflowClient") -> None:
    run_id = shared_client.create_run("0").info.run_id
    points = LivePoints(RunClock())
    points.note(_tally(3))
    points.write(shared_client, run_id)
    points.note(_tally(4), at_once=True)
    points.write(shared_client, run_id)

    assert [(at.step, at.value) for at in shared_client.get_metric_history(run_id, "live/rows_done")] == [
        (3, 3.0),
        (4, 4.0),
    ]
