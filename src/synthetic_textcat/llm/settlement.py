"""What a row's completions come to, by one rule for those who ask and those who count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from synthetic_textcat.llm.parsing import parse
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem

Wanted = TypeVar("Wanted", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Settlement(Generic[Wanted]):
    """The state of one row.

    Attributes:
        value: What the first attempt that parses holds; None if none does.
        problem: Why there is no value, as the last completion has it; None with a value, or with no completion at all.
        completion: The completion that gave the value, or the last one.
        replies: How many replies there are, good or bad.
    """

    value: Wanted | None
    problem: Problem | None
    completion: Completion | None
    replies: int

    def is_open(self, max_attempts: int) -> bool:
        """Whether the row is to be asked (again): no value yet, and replies left to try."""
        return self.value is None and self.replies < max_attempts


def settle(completions: Sequence[Completion], wanted: type[Wanted]) -> Settlement[Wanted]:
    """The settlement of a row's completions, given by attempt, then by time."""
    problem: Problem | None = None
    for completion in completions:
        result = parse(completion, wanted)
        if not isinstance(result, Problem):
            return Settlement(result, None, completion, _replies(completions))
        problem = result
    return Settlement(None, problem, completions[-1] if completions else None, _replies(completions))


def _replies(completions: Sequence[Completion]) -> int:
    return sum(completion.replied for completion in completions)
