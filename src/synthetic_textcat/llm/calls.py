"""Calls to make and the policy that they share: judging replies, asking again, retries with backoff."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel

from synthetic_textcat.llm.budget import Budget
from synthetic_textcat.llm.first_replies import TaskPauses
from synthetic_textcat.llm.parsing import parse, parse_off_loop
from synthetic_textcat.llm.prompts import Messages, check_placeholders
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.text.unicode import replace_surrogates

DEADLINE_S = 600.0
"""For a model class, or a catalog entry, without a timeout of its own."""

_LONGEST_REMINDER = 1_000  # a reply that ran on to the token limit would not fit in a second time
_NOTHING = "(no text)"  # servers refuse an empty assistant message

MAX_RETRIES = 4
"""Where the catalog does not say."""

_FIRST_S, _LONGEST_S = 1.0, 20.0
"""The longest first wait; it doubles with each retry, up to the longest of all."""

_SPREAD_S = 1.0
"""At most so long after the time that a server names: calls that were told alike do not come back all at once."""


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


class Judge:
    """Says why a completion is not what was wanted, or None if it is.

    Args:
        wanted: What is wanted of a completion.
    """

    def __init__(self, wanted: Callable[[Completion], type[BaseModel]]) -> None:
        self._wanted = wanted

    def __call__(self, completion: Completion) -> Problem | None:
        """The verdict; recovering a reply may take a quarter of a second."""
        result = parse(completion, self._wanted(completion))
        return result if isinstance(result, Problem) else None

    async def off_loop(self, completion: Completion) -> Problem | None:
        """The same for an event loop, which runs on meanwhile."""
        result = await parse_off_loop(completion, self._wanted(completion))
        return result if isinstance(result, Problem) else None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a call that brought no reply is made again, and after how long.

    Full jitter: a wait is drawn evenly from zero up to the backoff, so that calls that failed together spread out.

    Attributes:
        max_retries: Calls beyond the first, for one reply.
        max_wait_s: A server that asks for a longer wait is not waited for: the row fails for now.
        jitter: Draws a number from 0 to 1; timing needs no seed.
    """

    max_retries: int = MAX_RETRIES
    max_wait_s: float = 300.0
    jitter: Callable[[], float] = random.random

    def wait_s(self, retry: int, retry_after_s: float | None = None) -> float | None:
        """Seconds before a retry, 1 being the first; None if there is none.

        Args:
            retry: Its number.
            retry_after_s: What the server said; 0 says nothing of use.
        """
        if retry > self.max_retries:
            return None
        if not retry_after_s:
            return self.jitter() * min(_LONGEST_S, _FIRST_S * 2.0 ** (retry - 1))
        if retry_after_s > self.max_wait_s:
            return None
        return retry_after_s + self.jitter() * min(_SPREAD_S, retry_after_s)


@dataclass(frozen=True, slots=True)
class CallPolicy:
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


def judging(wanted: type[BaseModel]) -> Judge:
    """A judge who wants the same of all completions."""
    return Judge(lambda _: wanted)


def retry_conversation(retry_prompt: ChatPromptTemplate) -> Callable[[Messages, str, Problem], Messages]:
    """How the conversation goes on: the bad reply, then what was wrong with it.

    Raises:
        PromptError: If the retry prompt can't be filled.
    """
    check_placeholders("retry", retry_prompt, required=["problem"], allowed=["cause"])

    def ask_again(messages: Messages, raw_text: str, problem: Problem) -> Messages:
        said = AIMessage(replace_surrogates(raw_text[:_LONGEST_REMINDER]) or _NOTHING)
        return [*messages, said, *retry_prompt.format_messages(problem=problem.detail, cause=problem.cause)]

    return ask_again
