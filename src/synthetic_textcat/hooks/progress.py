"""How far the calls are: a log line every so often, from what has been saved."""

import logging
from time import monotonic
from typing import Any

from kedro.framework.hooks import hook_impl

logger = logging.getLogger(__name__)

_EVERY_S = 10.0


class Progress:
    """Counts completions as they are appended to a journal."""

    def __init__(self) -> None:
        self._saved = 0
        self._begun = self._last_said = monotonic()

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Counts from zero."""
        self._saved = 0

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """Starts the clock at the first batch."""
        if dataset_name == "completions" and not self._saved:
            self._begun = self._last_said = monotonic()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Says how many answers are on disk."""
        if dataset_name != "completions":
            return
        self._saved += len(data)
        now = monotonic()
        if now - self._last_said >= _EVERY_S:
            logger.info("%d answers saved, %.1f a second", self._saved, self._saved / (now - self._begun))
            self._last_said = now
