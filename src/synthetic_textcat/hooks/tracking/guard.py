"""Error isolation for MLflow: each step may fail on its own, and all failures are reported in one warning."""

import logging
from collections.abc import Callable
from typing import TypeVar

from synthetic_textcat.errors import TextcatError, TrackingStoreError
from synthetic_textcat.hooks.tracking.bounded_calls import WaitingBudget, quiet
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.redaction import redact

T = TypeVar("T")

_LONGEST_REASON = 300
_MOST_NAMED = 6

logger = logging.getLogger(__name__)


class Guard:
    """Runs the steps of tracking, and collects the failed steps and the first error.

    Args:
        store: Tracking store, for the warning.
        budget: Time that the run waits for MLflow; once it is used up, steps are skipped.
    """

    def __init__(self, store: Store, budget: WaitingBudget) -> None:
        self._store = store
        self._budget = budget
        self._failed: list[str] = []
        self._first: Exception | None = None

    def attempt(self, what: str, step: Callable[[], T]) -> T | None:
        """Result of the step, or None if it failed or no time is left.

        Args:
            what: Name of the recorded thing, for the warning.
            step: Calls to MLflow.
        """
        if self._budget.is_used_up:
            self._failed.append(what)
            return None
        try:
            with quiet():
                return step()
        except Exception as error:  # a storage plugin may raise anything, and a paid run must not end for it
            self._failed.append(what)
            self._first = self._first or error
            logger.debug("MLflow did not record %s", what, exc_info=error)
        return None

    def report(self) -> None:
        """Warns once about everything that MLflow did not record, with the first reason and the next step."""
        if not self._failed:
            return
        what, self._failed = _listed(list(dict.fromkeys(self._failed))), []
        if isinstance(self._first, TrackingStoreError):
            reason = str(self._first)
        else:
            reason = f"{_reason(self._first, self._budget)}. Next: {self._store.advice(self._first)}"
        place = "mlflow.db" if self._store.is_default else self._store
        logger.warning("MLflow did not record %s in %s: %s", what, place, reason)


def first_line(error: BaseException, limit: int = 500) -> str:
    """First non-empty line of the error's text, with secrets redacted; the type's name if there is none."""
    lines = (line.strip() for line in str(error).splitlines())
    return redact(next(filter(None, lines), type(error).__name__))[:limit]


def _listed(steps: list[str]) -> str:
    more = len(steps) - _MOST_NAMED
    return ", ".join(steps[:_MOST_NAMED]) + (f" and {more} more things" if more > 0 else "")


def _reason(error: Exception | None, budget: WaitingBudget) -> str:
    if error is None:
        return f"its responses took more than {budget.limit_s:g} s in total (tracking.max_wait_seconds)"
    text = first_line(error, _LONGEST_REASON).rstrip(".")
    return text if isinstance(error, TextcatError) else f"{type(error).__name__}: {text}"
