"""What is to be asked, and how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthetic_textcat.llm.budget import Budget
from synthetic_textcat.llm.first_replies import TaskPauses
from synthetic_textcat.llm.prompts import Messages
from synthetic_textcat.llm.retries import Judge
from synthetic_textcat.llm.retry_policy import RetryPolicy
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.replies import Problem

DEADLINE_S = 600.0
"""For a model class, or a catalog entry, without a timeout of its own."""


@dataclass(frozen=True, slots=True)
class Call:
    """One row to ask for.

    Attributes:
        request_id, fingerprint: As in the journal.
        messages: The first messages.
        schema: JSON Schema of the reply.
        seed: The row's own.
        past: The row's replies so far, each with why it was no good; empty for a new row.
        row: As planned; empty where no planned row is asked for.
        untried: No earlier reply of this kind was good, so that a run of like failures is taken for a wrong setting.
    """

    request_id: str
    fingerprint: str
    messages: Messages
    schema: dict[str, Any]
    seed: int
    past: Sequence[tuple[Completion, Problem]] = ()
    row: Mapping[str, Any] = field(default_factory=dict)
    untried: bool = True

    @property
    def kind(self) -> str:
        """What is asked for, by the name of its schema."""
        return str(self.schema.get("name", ""))

    @property
    def task_id(self) -> str:
        """Of the planned row; empty where there is none."""
        return str(self.row.get("task_id", ""))


@dataclass(frozen=True, slots=True)
class Manner:
    """How calls are made.

    Attributes:
        judge: What counts as a good reply: None, or what is wrong with it.
        ask_again: The conversation after a bad one.
        limits: How many at once, how fast, how often a row is asked.
        budget: What may still be spent.
        run_id: The run that makes them.
        retries: How often a call that brought no reply is made again, and when.
        deadline_s: How long one call may take, from asking to the last byte.
        pauses: Which tasks are asked no further.
    """

    judge: Judge
    ask_again: Callable[[Messages, str, Problem], Messages]
    limits: GenerationParameters
    budget: Budget
    run_id: str
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    deadline_s: float = DEADLINE_S
    pauses: TaskPauses = field(default_factory=TaskPauses)
