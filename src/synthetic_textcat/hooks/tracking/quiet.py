"""MLflow without its noise: no telemetry, no warnings, no log lines of its own and of its libraries."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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

_lock = Lock()
_users = 0
_undo = ExitStack()


@contextmanager
def quiet() -> Iterator[None]:
    """Silences MLflow in all threads until the last one that asked for it is done.

    Log levels and warning filters belong to the process, so threads that saved and restored them on their own would
    undo each other's settings.
    """
    global _users  # noqa: PLW0603
    with _lock:
        if not _users:
            _silence()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _undo.close()


def _silence() -> None:
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    _undo.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    try:
        import mlflow  # noqa: F401  its import sets the loggers' levels, so it has to come before ours
    except BaseException:
        _undo.close()
        raise
    for name in _NOISY:
        noisy = logging.getLogger(name)
        _undo.callback(noisy.setLevel, noisy.level)
        noisy.setLevel(logging.CRITICAL + 1)
