"""What is to be asked, and how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from synthetic_textcat.llm.messages import Messages
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem


@dataclass(frozen=True, slots=True)
class Call:
    """One row to ask for.

    Attributes:
        request_id, fingerprint: As in the journal.
        messages: The first messages.
        schema: JSON Schema of the reply.
        seed: The row's own.
        past: The row's replies so far, each with why it was no good; empty for a new row.
    """

    request_id: str
    fingerprint: str
    messages: Messages
    schema: dict[str, Any]
    seed: int
    past: Sequence[tuple[Completion, Problem]] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """How calls are made: what counts as a good reply, what is said after a bad one, how often, by which run.

    `untried`: no earlier answer to these calls was good, so that a run of like failures is taken for a wrong setting.
    """

    judge: Callable[[Completion], Problem | None]
    ask_again: Callable[[Messages, str, Problem], Messages]
    max_attempts: int
    run_id: str
    untried: bool = True
