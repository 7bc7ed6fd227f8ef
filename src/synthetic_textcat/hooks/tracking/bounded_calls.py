"""Calls to MLflow with a deadline and without MLflow's noise: a call that hangs is abandoned in its daemon thread.

A timeout of the HTTP client alone is no bound: it counts anew with each byte that arrives, each retry and each call.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar, cast

from synthetic_textcat.errors import MlflowTimeoutError

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

DEFAULT_LIMIT_S = 15.0
_RESERVED_FOR_THE_END = 0.2
"""Share of the limit that only the last step may use: a run that MLflow is not told the end of looks unfinished."""

_SLOWEST_UPLOAD = 1_000_000
"""Bytes a second. A file may take so much longer than other calls: a large one is no sign of a server that hangs."""

_SLICE_S = 0.1

_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # MLflow's own 7 keep at it for minutes when a server is down
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
"""Settings that MLflow reads from the environment; those that are set already stay."""

_NOISY = ("mlflow", "alembic", "urllib3", "sqlalchemy")


class WaitingBudget:
    """How long a run waits for MLflow, all calls together.

    Only time in which the pipeline stands still counts. What goes on beside it is bounded call by call.

    Args:
        limit_s: Seconds in total.
    """

    def __init__(self, limit_s: float = DEFAULT_LIMIT_S) -> None:
        self.limit_s = limit_s
        self._waited_s = 0.0
        self._waiters = 0
        self._may_use_reserve = False
        self._lock = Lock()

    @contextmanager
    def pipeline_waits(self) -> Iterator[None]:
        """Marks the time in which the pipeline stands still for MLflow."""
        with self._lock:
            self._waiters += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiters -= 1

    @contextmanager
    def reserve(self) -> Iterator[None]:
        """Lets the steps within use what is kept for the end."""
        self._may_use_reserve = True
        try:
            yield
        finally:
            self._may_use_reserve = False

    def leave_at_most(self, seconds: float) -> None:
        """Lowers what is left of it to so many seconds."""
        with self._lock:
            self._waited_s = max(self._waited_s, self.limit_s - seconds)

    @property
    def is_used_up(self) -> bool:
        """Whether no step but the last one may wait any more."""
        return self._left_s <= 0

    @property
    def _left_s(self) -> float:
        usable = 1.0 if self._may_use_reserve else 1.0 - _RESERVED_FOR_THE_END
        return self.limit_s * usable - self._waited_s

    def wait_for(self, future: "Future[T]", extra_s: float = 0.0) -> T:
        """The future's result.

        Args:
            future: What another thread is to bring.
            extra_s: Seconds that this call may take beyond the limit, and that do not count.

        Raises:
            MlflowTimeoutError: If it does not come in time.
        """
        began = last = time.monotonic()
        while True:
            try:
                return future.result(_SLICE_S)
            except StillRunning:
                if future.done():  # just now, or the timeout is the call's own
                    return future.result()
            finally:
                now = time.monotonic()
                self._count(now - last if now - began > extra_s else 0.0)
                last = now
            if now - began > self.limit_s + extra_s or (self._waiters and self.is_used_up and now - began > extra_s):
                raise MlflowTimeoutError(f"it did not answer in time (tracking.max_wait_seconds={self.limit_s:g})")

    def join(self, thread: Thread, at_most_s: float) -> None:
        """Waits for a thread's end, which counts."""
        began = time.monotonic()
        thread.join(at_most_s)
        self._count(time.monotonic() - began)

    def _count(self, seconds: float) -> None:
        with self._lock:
            self._waited_s += seconds if self._waiters else 0.0


class BoundedCalls:
    """Runs functions in daemon threads, which do not keep a process from ending, and waits within a budget.

    Args:
        budget: Of the run.
    """

    def __init__(self, budget: WaitingBudget | None = None) -> None:
        self.budget = budget or WaitingBudget()
        self._idle: list[_Worker] = []

    def run(self, function: Callable[[], T], extra_s: float = 0.0) -> T:
        """The function's result.

        Raises:
            MlflowTimeoutError: If it takes too long; it is left to itself.
        """
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker(self._idle)
        return self.budget.wait_for(worker.submit(partial(_quietly, function)), extra_s)

    def client(self, client: "MlflowClient") -> "MlflowClient":
        """The client, with each of its calls run here."""
        return cast("MlflowClient", _BoundedClient(client, self))


def _quietly(function: Callable[[], T]) -> T:
    """Logs nothing, also when nobody waits for it any more."""
    with no_logs():
        return function()


class _Worker:
    """A daemon thread that runs one function after the other, and joins the idle ones in between.

    It lives on, since no thread can be started while a process exits, and then a run may yet have to be closed.
    """

    def __init__(self, idle: "list[_Worker]") -> None:
        self._idle = idle
        self._inbox: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        Thread(target=self._work, name="mlflow-call", daemon=True).start()

    def submit(self, function: Callable[[], T]) -> "Future[T]":
        """Has it run the function."""
        future: Future[T] = Future()
        self._inbox.put((future, function))
        return future

    def _work(self) -> None:
        while True:
            future, function = self._inbox.get()
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  raised again where it is waited for
                self._idle.append(self)
                future.set_exception(error)
            else:
                self._idle.append(self)
                future.set_result(result)
            del future, function


class _BoundedClient:
    """Stands in for an `MlflowClient`."""

    def __init__(self, client: "MlflowClient", calls: BoundedCalls) -> None:
        self._client = client
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._calls.run(lambda: found(*args, **kwargs))

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = None) -> None:
        """As MLflow's, with time for the file's size."""
        path = Path(local_path)
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else _size(path)
        self._calls.run(
            lambda: self._client.log_artifact(run_id, local_path, artifact_path), extra_s=size / _SLOWEST_UPLOAD
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def quiet() -> Iterator[None]:
    """Silences MLflow: to be left soon, since warning filters belong to the whole process."""
    with _no_warnings.shared(), _no_logs.shared():
        yield


@contextmanager
def no_logs() -> Iterator[None]:
    """Silences its log alone, also for a call that may never come back."""
    with _no_logs.shared():
        yield


class _Shared:
    """A setting of the process that holds while at least one thread asks for it.

    Threads that saved and restored it on their own would undo each other's.

    Args:
        setting: Makes it, and undoes it on leaving.
    """

    def __init__(self, setting: Callable[[], AbstractContextManager[None]]) -> None:
        self._setting = setting
        self._lock = Lock()
        self._users = 0
        self._undo = ExitStack()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Holds it while the block runs."""
        with self._lock:
            if not self._users:
                self._undo.enter_context(self._setting())
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._undo.close()


@contextmanager
def _warnings_ignored() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _logs_off() -> Iterator[None]:
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401  its import sets the loggers' levels, so it has to come before ours

    loggers = [logging.getLogger(name) for name in _NOISY]
    levels = [noisy.level for noisy in loggers]
    for noisy in loggers:
        noisy.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for noisy, level in zip(loggers, levels, strict=True):
            noisy.setLevel(level)


_no_warnings, _no_logs = _Shared(_warnings_ignored), _Shared(_logs_off)
