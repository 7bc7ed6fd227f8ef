"""Keeps MLflow from ending a run: its failures become one warning line, its noise is not shown."""

import logging
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from kedro.io import DatasetError
from yaml import YAMLError

from synthetic_textcat.errors import TextcatError, redact

T = TypeVar("T")

_GIVE_UP_AFTER_S = 15.0
"""Seconds lost in failing steps after which the rest is skipped: each call to a dead server waits for its retries."""

_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # MLflow's own 7 keep a run waiting for minutes when a server is down
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""Settings that MLflow reads from the environment; those that are set already stay."""

_NOISY = ("mlflow", "alembic", "urllib3")

logger = logging.getLogger(__name__)


class Guard:
    """Runs the steps of tracking one by one, and remembers which of them failed."""

    def __init__(self) -> None:
        self._failed: list[str] = []
        self._reason = ""
        self._lost_s = 0.0

    def attempt(self, what: str, step: Callable[[], T], *, always: bool = False) -> T | None:
        """The step's result, or None where it failed or where too much time is lost already.

        Args:
            what: What the step records, for the warning.
            step: The calls to MLflow.
            always: Try it however much time is lost.
        """
        if self._lost_s > _GIVE_UP_AFTER_S and not always:
            self._failed.append(what)
            return None
        began = time.monotonic()
        try:
            with quiet():
                return step()
        except TextcatError as error:
            self._note(what, error, began)
        except tracking_errors() as error:
            self._note(what, error, began)
        return None

    def _note(self, what: str, error: Exception, began: float) -> None:
        self._lost_s += time.monotonic() - began
        self._failed.append(what)
        self._reason = self._reason or f"{type(error).__name__}: {first_line(error)}"
        logger.debug("MLflow did not record %s", what, exc_info=error)

    def report(self) -> None:
        """Warns once of all that MLflow did not record, with the first reason."""
        if self._failed:
            logger.warning("MLflow did not record %s. %s", ", ".join(self._failed), self._reason)
            self._failed.clear()


def first_line(error: BaseException, limit: int = 500) -> str:
    """The first line of the error's text that says something, without keys; its type's name where none does."""
    lines = (line.strip() for line in str(error).splitlines())
    return redact(next(filter(None, lines), type(error).__name__))[:limit]


def tracking_errors() -> tuple[type[Exception], ...]:
    """What MLflow, its SQL layer, the file system and a dataset raise when they fail; imported only on a failure.

    The built-in ones are in it because a paid-for run must not end for a slip in its book-keeping.
    """
    plain_errors = (
        *(OSError, ImportError, LookupError, RuntimeError, TypeError, ValueError, AttributeError),
        *(sqlite3.Error, DatasetError, YAMLError),
    )
    try:
        from alembic.util import CommandError
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        return plain_errors
    return (MlflowException, SQLAlchemyError, CommandError, *plain_errors)


@contextmanager
def quiet() -> Iterator[None]:
    """No telemetry, no warnings, no log lines of MLflow and its libraries: the guard says what matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in _DEFAULTS.items():
            os.environ.setdefault(name, value)
        import mlflow  # noqa: F401  (its import sets the loggers' levels, so it has to come before ours)

        loggers = [logging.getLogger(name) for name in _NOISY]
        levels = [noisy.level for noisy in loggers]
        for noisy in loggers:
            noisy.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for noisy, level in zip(loggers, levels, strict=True):
                noisy.setLevel(level)
