"""A quota takes rounds: the command runs the same pipeline again while cells are short of rows."""

import logging
from collections.abc import Callable
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from synthetic_textcat.hooks.quota_lines import counted
from synthetic_textcat.schemas.quota import Shortfall

_PASS = {"rounds", "requests", "completions", "shortfall"}
"""What a run must write to be a pass: from the plan to what is still lacking."""

_IDLE_PASSES = 2

logger = logging.getLogger(__name__)


class Refill:
    """Knows after each pass whether another one follows in this command.

    Only the command goes on by itself (`begin`): whoever runs a session of their own runs the next one too.

    Args:
        is_given: Says whether the plan is an earlier run's, which is not added to.
    """

    def __init__(self, is_given: Callable[[], bool] = lambda: False) -> None:
        self._is_given = is_given
        self._by_command = self._is_pass = False
        self._passes = 0
        self._run_id = ""
        self._shortfall: Shortfall | None = None
        self._stopped_by = ""
        self._calls = 0
        self._idle = 0

    def begin(self) -> None:
        """A command begins."""
        self._by_command, self._passes = True, 0

    @property
    def round(self) -> int:
        """How many rounds are planned; 0 where there is no quota."""
        return self._shortfall.rounds if self._shortfall else 0

    @property
    def follows(self) -> bool:
        """Whether this pass belongs to the same command as one before."""
        return self._passes > 1

    @property
    def run_id(self) -> str:
        """What the journal lines of all passes bear: the first one's id, so that what a run may spend covers them."""
        return self._run_id

    def goes_on(self) -> bool:
        """Whether another pass follows."""
        found = self._shortfall
        return (
            self._by_command
            and self._is_pass
            and found is not None
            and found.goes_on
            and not self._stopped_by
            and self._idle < _IDLE_PASSES
            and not self._is_given()
        )

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        """Counts the pass."""
        self._passes += 1
        self._is_pass = pipeline.all_outputs() >= _PASS
        if not (self._by_command and self.follows):
            self._run_id, self._idle = run_params["run_id"], 0
        self._shortfall, self._stopped_by, self._calls = None, "", 0

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Notes how far the quota is."""
        if dataset_name == "shortfall":
            self._shortfall = Shortfall.read(data)
        elif dataset_name == "stopped_by":
            self._stopped_by = data
        elif dataset_name == "completions":
            self._calls += len(data)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Says that another pass follows."""
        self._idle = 0 if self._calls else self._idle + 1
        if self._shortfall is not None and self.goes_on():
            logger.info("%s", _so_far(self._shortfall))


def _so_far(found: Shortfall) -> str:
    more = "; another round follows" if found.is_settled else "; what brought no reply is asked again"
    cells = f"{found.done:,} of {counted(found.asked, 'cell')} full"
    return f"Round {found.rounds}: {cells}, {counted(found.missing, 'row')} missing{more}"
