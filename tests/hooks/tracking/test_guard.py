"""Failures of MLflow: one warning line, with the place, the reason and the next step."""

import threading
from pathlib import Path

import pytest

from synthetic_textcat.errors import TrackingStoreError
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls, WaitingBudget
from synthetic_textcat.hooks.tracking.guard import Guard
from synthetic_textcat.hooks.tracking.store import Store


class _OddError(Exception):
    """What a storage plugin raises, which inherits from nothing that we know."""


def _guard(monkeypatch: pytest.MonkeyPatch, uri: str = "", limit_s: float = 15.0) -> Guard:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return Guard(Store.of(Path("/project")), WaitingBudget(limit_s))


def test_all_failures_are_one_line(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    guard = _guard(monkeypatch, "http://me:secret-word@127.0.0.1:5000")

    def fail() -> None:
        raise _OddError("\nthe disk is full\nand more")

    guard.attempt("one", fail)
    assert guard.attempt("two", lambda: 2) == 2
    guard.attempt("three", fail)
    guard.attempt("one", fail)
    guard.report()
    guard.report()
    (line,) = caplog.messages
    assert line.startswith(
        "MLflow did not record one, three in http://***@127.0.0.1:5000: _OddError: the disk is full. Next: check that "
    )


def test_an_error_with_a_next_step_of_its_own_is_told_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    guard = _guard(monkeypatch)

    def fail() -> None:
        raise TrackingStoreError("it is old. Next: upgrade it")

    guard.attempt("this run", fail)
    guard.report()
    assert caplog.messages == ["MLflow did not record this run in mlflow.db: it is old. Next: upgrade it"]


def test_steps_are_skipped_once_the_time_is_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    budget = WaitingBudget(0.5)
    guard, calls = Guard(Store.of(Path("/project")), budget), BoundedCalls(budget)
    over = threading.Event()
    with budget.pipeline_waits():
        guard.attempt("one", lambda: calls.run(over.wait))
        guard.attempt("two", lambda: pytest.fail("skipped"))
    over.set()
    guard.report()
    (line,) = caplog.messages
    assert line.startswith("MLflow did not record one, two in http://127.0.0.1:5000: it did not answer in time (")


@pytest.mark.parametrize(
    ("uri", "error", "advice"),
    [
        ("", ImportError("no mlflow"), "pip install --constraint constraints.txt mlflow"),
        ("", OSError("full"), "set MLFLOW_TRACKING_URI to another store"),
        ("nonsense://x", ValueError("what"), "unset it to use mlflow.db"),
    ],
)
def test_the_next_step_fits_the_store(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, uri: str, error: Exception, advice: str
) -> None:
    guard = _guard(monkeypatch, uri)

    def fail() -> None:
        raise error

    guard.attempt("this run", fail)
    guard.report()
    assert advice in caplog.text
