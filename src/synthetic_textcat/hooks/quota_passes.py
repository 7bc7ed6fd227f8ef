"""Quota passes: the command runs the same pipeline again while cells lack rows."""

import logging
from collections.abc import Callable
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.schemas.quota import Rounds, Shortfall, counted

_PASS = {"rounds", "requests", "completions", "shortfall"}
"""What a run must write to be a pass: from the plan to what is still lacking."""

_IDLE_PASSES = 2
"""Passes without a reply or a new round after which a command ends: a server is down, or nothing is left to do."""

logger = logging.getLogger(__name__)


class QuotaPasses:
    """Knows after each pass whether another one follows in this command.

    Only the command goes on by itself (`begin`): whoever runs a session of their own runs the next one too.

    Args:
        is_given: Says whether the plan is an earlier run's, which is not added to.
    """

    def __init__(self, is_given: Callable[[], bool] = lambda: False) -> None:
        self._is_given = is_given
        self._by_command = self._is_pass = self._goes_on = False
        self._passes = self._round = self._idle = 0
        self._run_id = self._stopped_by = ""
        self._planned: Rounds | None = None
        self._shortfall: Shortfall | None = None
        self._has_replies = False

    def begin(self) -> None:
        """A command begins."""
        self._by_command, self._passes, self._planned = True, 0, None

    @property
    def round(self) -> int:
        """How many rounds are planned; 0 where there is no quota."""
        return self._round

    @property
    def follows(self) -> bool:
        """Whether this pass belongs to the same command as one before."""
        return self._by_command and self._passes > 1

    @property
    def run_id(self) -> str:
        """What the journal lines of all passes bear: the first one's id, so that what a run may spend covers them."""
        return self._run_id

    def goes_on(self) -> bool:
        """Whether another pass follows."""
        return self._goes_on

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        """Counts the pass."""
        self._passes += 1
        self._is_pass = pipeline.all_outputs() >= _PASS
        if not self.follows:
            self._run_id, self._idle, self._round, self._planned = run_params["run_id"], 0, 0, None
        self._shortfall, self._stopped_by, self._has_replies, self._goes_on = None, "", False, False

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Makes sure that all passes plan by the same words.

        Raises:
            StaleTableError: If tasks, parameters, prompts or model were changed since the pass before.
        """
        planned = Rounds.read(data) if dataset_name == "rounds" else None
        if planned is None:
            return
        if self.follows and self._planned is not None and planned.planned_by != self._planned.planned_by:
            raise StaleTableError(
                "Tasks, parameters, prompts or model were changed while the quota was being filled, so no other round "
                "was planned. All is saved. Next: run the same command again, which goes by what they are now"
            )
        self._idle = 0 if self._planned is None or planned != self._planned else self._idle
        self._planned, self._round = planned, len(planned.rounds)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Notes how far the quota is."""
        if dataset_name == "shortfall":
            self._shortfall = Shortfall.read(data)
        elif dataset_name == "stopped_by":
            self._stopped_by = data
        elif dataset_name == "completions":
            self._has_replies = self._has_replies or any(completion.replied for completion in data)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self) -> None:
        """Decides, before any other hook asks; says that another pass follows."""
        found = self._shortfall
        self._idle = 0 if self._has_replies else self._idle + 1
        self._goes_on = (
            self._by_command
            and self._is_pass
            and found is not None
            and found.next is not None
            and not self._stopped_by
            and self._idle < _IDLE_PASSES
            and not self._is_given()
        )
        if found is not None and self._goes_on:
            logger.info("%s", _so_far(found))

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self) -> None:
        """No other pass follows."""
        self._goes_on = False


def _so_far(found: Shortfall) -> str:
    more = "another round follows" if found.next == "round" else "what brought no reply is asked again"
    cells = f"{found.done:,} of {counted(found.asked, 'cell')} full"
    return f"Round {found.rounds}: {cells}, {counted(found.missing, 'row')} missing; {more}"
