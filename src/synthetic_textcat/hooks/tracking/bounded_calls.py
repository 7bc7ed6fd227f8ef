"""Calls to MLflow with a deadline and without its log output: a call that hangs is abandoned in a daemon thread.

A timeout of the HTTP client alone is not a bound: it restarts with each received byte, each retry and each call.
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
"""Share of the limit reserved for the last step: without a recorded end, a run looks unfinished."""

_SLOWEST_UPLOAD = 1_000_000
"""Bytes per second. Uploads get extra time by file size: a slow upload of a large file is not a hanging server."""

_SLICE_S = 0.1

_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # MLflow's default of 7 retries for minutes if a server is down
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
"""Defaults for the settings that MLflow reads from the environment; existing values stay."""

_NOISY = ("mlflow", "alembic", "urllib3", "sqlalchemy")


class WaitingBudget:
    """Time limit of a run's waiting for MLflow, over all calls.

    Only time in which the pipeline is blocked counts. Background calls are bounded one by one.

    Args:
        limit_s: Limit in seconds.
    """

    def __init__(self, limit_s: float = DEFAULT_LIMIT_S) -> None:
        self.limit_s = limit_s
        self._waited_s = 0.0
        self._waiters = 0
        self._may_use_reserve = False
        self._lock = Lock()

    @contextmanager
    def pipeline_waits(self) -> Iterator[None]:
        """Context in which the pipeline is blocked by MLflow."""
        with self._lock:
            self._waiters += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiters -= 1

    @contextmanager
    def reserve(self) -> Iterator[None]:
        """Context that may use the time reserved for the end."""
        self._may_use_reserve = True
        try:
            yield
        finally:
            self._may_use_reserve = False

    def limit_remaining(self, seconds: float) -> None:
        """Reduces the remaining time to so many seconds."""
        with self._lock:
            self._waited_s = max(self._waited_s, self.limit_s - seconds)

    @property
    def is_used_up(self) -> bool:
        """Whether only the last step may still wait."""
        return self._left_s <= 0

    @property
    def _left_s(self) -> float:
        usable = 1.0 if self._may_use_reserve else 1.0 - _RESERVED_FOR_THE_END
        return self.limit_s * usable - self._waited_s

    def wait_for(self, future: "Future[T]", extra_s: float = 0.0) -> T:
        """Result of the future.

        Args:
            future: Result from another thread.
            extra_s: Extra seconds for this call, which do not count.

        Raises:
            MlflowTimeoutError: If the result is not there in time.
        """
        began = last = time.monotonic()
        while True:
            try:
                return future.result(_SLICE_S)
            except StillRunning:
                if future.done():  # completed meanwhile, or the call itself raised a timeout
                    return future.result()
            finally:
                now = time.monotonic()
                self._count(now - last if now - began > extra_s else 0.0)
                last = now
            if now - began > self.limit_s + extra_s or (self._waiters and self.is_used_up and now - began > extra_s):
                raise MlflowTimeoutError(f"it did not answer in time (tracking.max_wait_seconds={self.limit_s:g})")

    def join(self, thread: Thread, at_most_s: float) -> None:
        """Waits for a thread's end; the time counts."""
        began = time.monotonic()
        thread.join(at_most_s)
        self._count(time.monotonic() - began)

    def _count(self, seconds: float) -> None:
        with self._lock:
            self._waited_s += seconds if self._waiters else 0.0


class BoundedCalls:
    """Executor of functions in daemon threads, which do not keep the process alive, with waits bounded by a budget.

    Args:
        budget: Waiting budget of the run.
    """

    def __init__(self, budget: WaitingBudget | None = None) -> None:
        self.budget = budget or WaitingBudget()
        self._idle: list[_Worker] = []

    def run(self, function: Callable[[], T], extra_s: float = 0.0) -> T:
        """Result of the function.

        Raises:
            MlflowTimeoutError: If it takes too long; the call is abandoned.
        """
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker(self._idle)
        return self.budget.wait_for(worker.submit(partial(_quietly, function)), extra_s)

    def client(self, client: "MlflowClient") -> "MlflowClient":
        """Proxy of the client whose calls are bounded."""
        return cast("MlflowClient", _BoundedClient(client, self))


def _quietly(function: Callable[[], T]) -> T:
    """Runs the function without log output, also after it was abandoned."""
    with no_logs():
        return function()


class _Worker:
    """Daemon thread that runs functions one after the other, and returns to the idle workers in between.

    Threads are reused, since a process can't start one while it exits, when a run may still have to be closed.
    """

    def __init__(self, idle: "list[_Worker]") -> None:
        self._idle = idle
        self._inbox: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        Thread(target=self._work, name="mlflow-call", daemon=True).start()

    def submit(self, function: Callable[[], T]) -> "Future[T]":
        """Queues the function."""
        future: Future[T] = Future()
        self._inbox.put((future, function))
        return future

    def _work(self) -> None:
        while True:
            future, function = self._inbox.get()
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  raised again in the waiting thread
                self._idle.append(self)
                future.set_exception(error)
            else:
                self._idle.append(self)
                future.set_result(result)
            del future, function


class _BoundedClient:
    """Proxy of an `MlflowClient`."""

    def __init__(self, client: "MlflowClient", calls: BoundedCalls) -> None:
        self._client = client
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._calls.run(lambda: found(*args, **kwargs))

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = None) -> None:
        """`MlflowClient.log_artifact` with extra time by file size."""
        path = Path(local_path)
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else _size(path)
        self._calls.run(
            lambda: self._client.log_artifact(run_id, local_path, artifact_path), extra_s=size / _SLOWEST_UPLOAD
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def quiet() -> Iterator[None]:
    """Silences MLflow's warnings and logs; for short blocks, since warning filters apply to the whole process."""
    with _no_warnings.shared(), _no_logs.shared():
        yield


@contextmanager
def no_logs() -> Iterator[None]:
    """Silences MLflow's logs only, also for a call that may never return."""
    with _no_logs.shared():
        yield


class _Shared:
    """Reference-counted setting of the process: in force while at least one thread uses it.

    Threads that saved and restored it independently would overwrite each other's values.

    Args:
        setting: Context manager that applies the setting and restores it.
    """

    def __init__(self, setting: Callable[[], AbstractContextManager[None]]) -> None:
        self._setting = setting
        self._lock = Lock()
        self._users = 0
        self._undo = ExitStack()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Context in which the setting is in force."""
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
    import mlflow  # noqa: F401  its import sets the loggers' levels, so it must come first

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
