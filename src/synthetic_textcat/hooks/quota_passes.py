"""Quota passes: notes for the command (`cli.py`), which runs the same pipeline again while cells lack rows."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.schemas.quota import Rounds, Shortfall, counted
from synthetic_textcat.schemas.worker_counts import ReportBatch

_PASS = {names.ROUNDS, names.REQUESTS, names.COMPLETIONS, names.SHORTFALL}
"""Datasets that a run must write to be a pass: from the plan to the shortfall."""

_IDLE_PASSES = 2
"""Number of passes without a reply or a new round after which a command ends: a server is down, or nothing is left."""

logger = logging.getLogger(__name__)


class QuotaPasses:
    """Decides after each pass whether another one can bring rows.

    Args:
        notes: Passes of the command, and whether an earlier run is rebuilt, whose plan is not added to.
    """

    def __init__(self, notes: RunNotes) -> None:
        self._notes = notes
        self._is_pass = self._has_replies = False
        self._idle = 0
        self._stopped_by = ""
        self._planned: Rounds | None = None
        self._shortfall: Shortfall | None = None

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Begins a pass, and for the first one of a command the count of rounds and of idle passes."""
        passes = self._notes.passes
        if passes.follows:
            self._idle = 0 if self._has_replies else self._idle + 1
        else:
            self._idle, passes.round, self._planned = 0, 0, None
        self._is_pass = pipeline.all_outputs() >= _PASS
        self._shortfall, self._stopped_by, self._has_replies, passes.lacks_rows = None, "", False, False

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Checks that all passes plan from the same inputs.

        Raises:
            StaleTableError: If tasks, parameters, prompts or model were changed since the pass before.
        """
        planned = Rounds.read(data) if dataset_name == names.ROUNDS else None
        if planned is None:
            return
        if self._notes.passes.follows and self._planned is not None and planned.planned_by != self._planned.planned_by:
            raise StaleTableError(
                "Tasks, parameters, prompts or model were changed while the quota was being filled, so no other round "
                "was planned. All is saved. Next: run the same command again, which uses their present state"
            )
        self._idle = 0 if self._planned is None or planned != self._planned else self._idle
        self._planned, self._notes.passes.round = planned, len(planned.rounds)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Keeps how far the quota is filled, and whether the next pass could add to it."""
        if dataset_name == names.SHORTFALL:
            self._shortfall = Shortfall.read(data)
        elif dataset_name == names.STOPPED_BY:
            self._stopped_by = data
        elif dataset_name == names.COMPLETIONS:
            replies = data.counts.replies if isinstance(data, ReportBatch) else any(each.replied for each in data)
            self._has_replies = self._has_replies or bool(replies)

        self._notes.passes.lacks_rows = self._can_be_filled()

    def _can_be_filled(self) -> bool:
        """Whether the shortfall names a next pass, and the results of this one allow it."""
        return (
            self._is_pass
            and self._shortfall is not None
            and self._shortfall.next is not None
            and not self._stopped_by
            and (self._has_replies or self._idle + 1 < _IDLE_PASSES)
            and self._notes.rebuilt_from is None
        )

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Logs that another pass follows."""
        if self._shortfall is not None and self._notes.passes.goes_on:
            logger.info("%s", _so_far(self._shortfall))


def _so_far(found: Shortfall) -> str:
    more = "another round follows" if found.next == "round" else "what brought no reply is asked again"
    cells = f"{found.done:,} of {counted(found.asked, 'cell')} full"
    return f"Round {found.rounds}: {cells}, {counted(found.missing, 'row')} missing; {more}"
