"""Run notes: the values that hooks share, so that no hook holds another."""

from dataclasses import dataclass, field

from synthetic_textcat.command_passes import CommandPasses
from synthetic_textcat.hooks.tally import Tally
from synthetic_textcat.schemas.stops import Stops


@dataclass(slots=True)
class RunNotes:
    """Values of the current run. Each is written by one hook, which also resets it before the next run.

    Attributes:
        passes: Passes of the command (`cli.py`, `QuotaPasses`).
        rebuilt_from: Id of the earlier run that this run rebuilds, if any (`Rebuild`).
        stops: Why the run asked for less than its plan (`CatalogInputs`).
        tally: Progress of the model calls; None before the first (`Progress`).
        complaint: Why the finished run counts as failed, if it does (`QualityGate`).
        run_name: Name of the finished run in MLflow; None if it was not recorded (`MlflowTracking`).
    """

    passes: CommandPasses = field(default_factory=CommandPasses)
    rebuilt_from: str | None = None
    stops: Stops = field(default_factory=Stops)
    tally: Tally | None = None
    complaint: str | None = None
    run_name: str | None = None
