"""Run notes: the values that hooks share, so that no hook holds another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synthetic_textcat.command_passes import CommandPasses
from synthetic_textcat.hooks.tally import Tally
from synthetic_textcat.schemas.stops import Stops


@dataclass(slots=True)
class RunNotes:
    """Values of the current run. Each is written by one hook, which also resets it before the next run.

    Attributes:
        passes: Passes of the command (`cli.py`, `QuotaPasses`).
        rebuilt_from: Id of the earlier run that this run rebuilds, if any (`Rebuild`).
        stops: Reasons why the run asked for less than its plan (`CatalogInputs`).
        tally: Progress of the model calls; None before the first (`Progress`).
        complaint: Reason why the finished run counts as failed, if it does (`QualityGate`).
        run_name: Name of the finished run in MLflow; None if it was not recorded (`MlflowTracking`).
        run_id: Id of the run in journal lines (`id_of`).
    """

    passes: CommandPasses = field(default_factory=CommandPasses)
    rebuilt_from: str | None = None
    stops: Stops = field(default_factory=Stops)
    tally: Tally | None = None
    complaint: str | None = None
    run_name: str | None = None
    run_id: str = ""

    def id_of(self, run_params: Mapping[str, Any]) -> str:
        """Id of the run, as Kedro gives it to the first pass, for all passes; whichever hook asks for it first."""
        if not self.passes.follows:
            self.run_id = run_params["run_id"]
        return self.run_id
