"""Calls that are abandoned when they take too long, and the time that a run may wait for all of them.

MLflow is silent while any thread asks for it, and the process is as before when the last one is done.
"""

import logging
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.errors import MlflowTimeoutError
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls, WaitingBudget, no_logs, quiet

_NOISY = logging.getLogger("mlflow.store")


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """What a call that hangs waits for, until the test is over."""
    event = threading.Event()
    yield event
    event.set()
    ends = time.monotonic() + 5
    while not _NOISY.isEnabledFor(logging.CRITICAL) and time.monotonic() < ends:  # the call is still ending
        time.sleep(0.01)


def test_a_call_gives_its_result_or_its_error() -> None:
    calls = BoundedCalls()

    def fail() -> None:
        raise TimeoutError("of its own")

    assert calls.run(lambda: 7) == 7
    with pytest.raises(TimeoutError, match="of its own"):
        calls.run(fail)


def test_a_call_that_hangs_is_left_to_itself_and_does_not_block_the_next(over: threading.Event) -> None:
    calls = BoundedCalls(WaitingBudget(0.3))
    began = time.monotonic()
    with pytest.raises(MlflowTimeoutError, match="did not answer in time"):
        calls.run(over.wait)
    assert time.monotonic() - began < 5
    assert calls.run(lambda: "answered") == "answered"


@pytest.mark.whole_run  # it waits for seconds
def test_only_time_in_which_the_pipeline_stands_still_counts(over: threading.Event) -> None:
    budget = WaitingBudget(1.0)
    calls = BoundedCalls(budget)
    for _ in range(4):
        calls.run(lambda: time.sleep(0.4))  # next to the pipeline
    assert not budget.is_used_up
    with budget.pipeline_waits():
        for _ in range(2):
            calls.run(lambda: time.sleep(0.3))
        with pytest.raises(MlflowTimeoutError):
            calls.run(over.wait)
    assert budget.is_used_up


def _is_over(budget: WaitingBudget) -> bool:
    return budget.is_used_up


@pytest.mark.whole_run  # it waits for seconds
def test_the_end_has_a_reserve(over: threading.Event) -> None:
    budget = WaitingBudget(2.0)
    calls = BoundedCalls(budget)
    with budget.pipeline_waits():
        with pytest.raises(MlflowTimeoutError):
            calls.run(over.wait)
        assert _is_over(budget)
        with budget.reserve():
            assert not _is_over(budget)
            assert calls.run(lambda: "done") == "done"
        assert _is_over(budget)


def test_what_is_left_can_be_lowered_and_not_raised() -> None:
    budget = WaitingBudget(10.0)
    budget.limit_remaining(60)
    assert not _is_over(budget)
    budget.limit_remaining(1)  # of which the end has two
    assert _is_over(budget)
    with budget.reserve():
        assert not _is_over(budget)


def test_a_large_file_may_take_longer(tmp_path: Path, over: threading.Event) -> None:
    class Client:
        uploaded: tuple[Any, ...] = ()
        tracking_uri = "here"

        def log_artifact(self, *given: Any) -> None:
            over.wait(0.5)
            self.uploaded = given

    budget = WaitingBudget(0.2)
    client: Any = BoundedCalls(budget).client(Client())  # type: ignore[arg-type]
    large = tmp_path / "large"
    large.mkdir()
    (large / "part").write_bytes(bytes(5_000_000))
    with budget.pipeline_waits():
        client.log_artifact("run", str(large), "folder")
        assert client.uploaded == ("run", str(large), "folder")
        assert client.tracking_uri == "here"
        assert not budget.is_used_up
        with pytest.raises(MlflowTimeoutError):
            client.log_artifact("run", str(tmp_path / "none"))


@pytest.mark.whole_run  # it imports MLflow anew
def test_a_process_ends_while_a_call_hangs() -> None:
    script = (
        "import threading\n"
        "from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls, WaitingBudget\n"
        "try:\n"
        "    BoundedCalls(WaitingBudget(0.1)).run(threading.Event().wait)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "MlflowTimeoutError"


def test_threads_do_not_undo_each_others_silence() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with quiet():
            entered.set()
            leave.wait(60)

    filters = list(warnings.filters)
    thread = threading.Thread(target=hold)
    with quiet():
        thread.start()
        entered.wait(60)
    assert not _NOISY.isEnabledFor(logging.CRITICAL)
    warnings.warn("not seen, else an error here", stacklevel=1)
    leave.set()
    thread.join()

    assert _NOISY.isEnabledFor(logging.CRITICAL)
    assert list(warnings.filters) == filters


def test_a_call_that_never_comes_back_keeps_no_warning_from_others() -> None:
    filters = list(warnings.filters)
    with no_logs():
        assert list(warnings.filters) == filters
        with quiet():
            warnings.warn("not seen, else an error here", stacklevel=1)
        assert not _NOISY.isEnabledFor(logging.CRITICAL)
