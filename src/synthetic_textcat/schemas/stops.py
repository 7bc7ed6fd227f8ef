"""Stops of a run: an outage of the server, paused tasks, another model that answered, and how they are reported."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from synthetic_textcat.schemas.block import Block
from synthetic_textcat.schemas.completions import Completion

HOW_TO_GO_ON = "fix the task or the prompt, take another model, or raise generation.pause_task_after to ask on"
"""Next step for a paused task."""

ALL_PAUSED = "paused_tasks"
"""Name of the stop of a run in which each task with rows to ask for is paused."""


IN_BATCH = "in_batch"
"""Name of the stop of a run that has left rows in batches; also of these rows in the ledger."""


class Outage(Block):
    """A server that no longer answers.

    Attributes:
        cause: The transport cause of its last calls.
        words: What it said.
        until: For how long it asks to be left alone; None if it does not say.
    """

    cause: str
    words: str
    until: datetime | None = None

    @property
    def says(self) -> str:
        """Sentence with the reason, the time to wait, and how to go on."""
        when = f"after {local_time(self.until)}, as the server asks" if self.until else "when the server answers again"
        return f"{self.cause} ({self.words}). Run the same command {when}: it goes on, and pays for nothing twice"


class PausedTask(Block):
    """A task whose first replies were all bad in one way.

    Attributes:
        task_id, task: Which.
        reason: The failure cause, or the reject reason.
        detail: Of the last reply.
        replies: How many there were.
        not_asked: Its rows that were left out for it.
    """

    task_id: str
    task: str
    reason: str
    detail: str = ""
    replies: int
    not_asked: int = 0


class InBatches(Block):
    """Rows that a run has left in batches at the provider, since it was not to wait for them.

    Attributes:
        rows: Number of requests.
        batches: Number of batches.
    """

    rows: int
    batches: int

    @property
    def says(self) -> str:
        """Sentence with how to come back."""
        batches = f"{self.batches} batch{'' if self.batches == 1 else 'es'}"
        return (
            f"{IN_BATCH}: {self.rows:,} rows are in {batches} at the provider, and come within a day. Run the same "
            "command again to collect them: it pays for nothing twice (`kedro run --pipelines batches` lists them)"
        )


class Stops(Block):
    """Reasons why a run did not ask for all of its rows, apart from caps.

    Attributes:
        outage: What stopped all calls, if anything did.
        in_batches: What is still at the provider, if the run did not wait for it.
        paused: Tasks that were set aside.
        all_paused: Whether those are all that had rows to ask for.
        requested_model: `llm.model`; empty if no other model answered.
        answered_as: Names of other models than the requested one in this run's replies; no reason to stop.
    """

    outage: Outage | None = None
    in_batches: InBatches | None = None
    paused: tuple[PausedTask, ...] = ()
    all_paused: bool = False
    requested_model: str = ""
    answered_as: tuple[str, ...] = ()

    @property
    def stopped_by(self) -> str:
        """Stop reason in one word, for MLflow's tag; empty if the run went to its end."""
        if self.outage is not None:
            return self.outage.cause
        return IN_BATCH if self.in_batches else ALL_PAUSED if self.all_paused else ""

    @classmethod
    def read(cls, content: Mapping[str, Any] | None) -> Self:
        """The content of the dataset `stops`."""
        return cls.model_validate(content or {})


class LastBatch(list[Completion]):
    """The last chunk of a node that asks: the completions for the journal, and the reason why it asks no further.

    A generator node has one output. So the reason goes with the completions, and a hook hands it on as `stops`.
    """

    def __init__(self, stops: Stops, completions: Sequence[Completion] = ()) -> None:
        super().__init__(completions)
        self.stops = stops


def local_time(at: datetime) -> str:
    """A time as a clock on the wall shows it, with its zone."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def stop_sentence(stopped_by: str, stops: Stops) -> str:
    """Reason of a stop, as it follows on "Stopped by", and how to go on; empty if nothing stopped the run."""
    if stops.outage is not None:
        return stops.outage.says
    if stopped_by == IN_BATCH and stops.in_batches is not None:
        return stops.in_batches.says
    if stopped_by == ALL_PAUSED:
        return f"{ALL_PAUSED}: each task with rows to ask for is paused"
    return f"{stopped_by}; the same command goes on, and may spend as much again" if stopped_by else ""
