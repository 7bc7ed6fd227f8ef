"""MLflow without its noise: no telemetry, no warnings, no log lines of its own and of its libraries."""

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Lock

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
