"""Calls, and the policy that they share: judging replies, asking again, retries with backoff."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel

from synthetic_textcat.llm.calls.answering_model import AnsweringModel
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.first_replies import TaskPauses
from synthetic_textcat.llm.calls.token_limits import TokenLimit
from synthetic_textcat.llm.chat_models.transport import DEADLINE_S, MAX_RETRIES
from synthetic_textcat.llm.prompts.messages import Messages, check_placeholders
from synthetic_textcat.llm.replies.parsing import parse, parse_off_loop
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.parameters import GenerationParameters, Retry
from synthetic_textcat.text.unicode import replace_surrogates

Wanted = TypeVar("Wanted")
Reply = TypeVar("Reply", bound=BaseModel)

_LONGEST_REMINDER = 1_000
_LONGEST_CUT_REMINDER = 200  # a reply that ran to the token limit would not fit in the conversation again
_NOTHING = "(no text)"  # servers refuse an empty assistant message

_FIRST_S, _LONGEST_S = 1.0, 20.0
"""Upper bounds of the first wait, which doubles with each retry, and of all waits."""

_SPREAD_S = 1.0
"""Jitter added to a wait that the server asks for, so that calls do not all return at once."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the model for one row, task list or label set.

    Attributes:
        request_id, fingerprint: As in the journal.
        messages: The first messages.
        schema: JSON Schema of the reply.
        seed: Seed of the row.
        past: Replies so far, each with its problem; empty for a new row.
        row: The planned row; empty for a task list or label set.
        limit: Token limit of its first reply; None for none.
        prompt_tokens: Tokens of its first messages, if an earlier refusal as too long named them.
        untried: No earlier reply of this kind was good, so that repeated equal failures mean a wrong setting.
    """

    request_id: str
    fingerprint: str
    messages: Messages
    schema: dict[str, Any]
    seed: int
    past: Sequence[tuple[Completion, Problem]] = ()
    row: Mapping[str, Any] = field(default_factory=dict)
    untried: bool = True
    limit: TokenLimit | None = None
    prompt_tokens: int | None = None

    @property
    def kind(self) -> str:
        """Kind of reply, by the name of its schema."""
        return str(self.schema.get("name", ""))

    @property
    def task_id(self) -> str:
        """Task id of the planned row; empty if there is no row."""
        return str(self.row.get("task_id", ""))


class Attempt(NamedTuple):
    """Conversation that asks for one reply to a call.

    Attributes:
        number: Number of the reply, from 1.
        messages: The first messages, and those after earlier bad replies.
        max_tokens: Token limit of this reply; None for none.
    """

    number: int
    messages: Messages
    max_tokens: int | None = None


class Judge(Generic[Wanted]):
    """Validation of completions against the model of the reply that was asked for.

    Args:
        wanted: From a completion to the model of its reply.
        finish: From a reply that parsed to its value, or to its problem; None = the reply itself.
    """

    def __init__(
        self,
        wanted: Callable[[Completion], type[BaseModel]],
        finish: Callable[[Completion, Any], Wanted | Problem] | None = None,
    ) -> None:
        self._wanted = wanted
        self._finish = finish

    def read(self, completion: Completion) -> Wanted | Problem:
        """The value of a completion, or its problem; recovering a reply may take a quarter of a second."""
        return self._finished(completion, parse(completion, self._wanted(completion)))

    def __call__(self, completion: Completion) -> Problem | None:
        """The problem with a completion, None if it is good."""
        result = self.read(completion)
        return result if isinstance(result, Problem) else None

    async def off_loop(self, completion: Completion) -> Problem | None:
        """Checks a reply without blocking the event loop."""
        result = self._finished(completion, await parse_off_loop(completion, self._wanted(completion)))
        return result if isinstance(result, Problem) else None

    def _finished(self, completion: Completion, result: Any) -> Wanted | Problem:
        if self._finish is None or isinstance(result, Problem):
            return result  # type: ignore[no-any-return]
        return self._finish(completion, result)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retries of a call without a reply: exponential backoff with full jitter.

    A wait is uniform between zero and the backoff, so that calls that failed together spread out.

    Attributes:
        max_retries: Calls after the first, for one reply.
        max_wait_s: Longest wait, in seconds; if a server asks for more, the row fails for now.
        jitter: Draws a number from 0 to 1; timing needs no seed.
    """

    max_retries: int = MAX_RETRIES
    max_wait_s: float = 300.0
    jitter: Callable[[], float] = random.random

    def wait_s(self, retry: int, retry_after_s: float | None = None) -> float | None:
        """Seconds before a retry; None if there is no further retry.

        Args:
            retry: Number of the retry, from 1.
            retry_after_s: The wait that the server asks for; 0 counts as none.
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
    """Policy shared by all calls of a run.

    Attributes:
        judge: Validation of replies.
        ask_again: The conversation after a bad reply.
        limits: Concurrency, rates, and attempts per row.
        budget: Spending caps.
        run_id: The run that makes the calls.
        retries: Retries of calls without a reply.
        deadline_s: Seconds that one call may take, until the last byte of its reply.
        pauses: Tasks that are paused.
        answering: Comparison of the model that answers with the requested one.
    """

    judge: Judge[Any]
    ask_again: Callable[[Messages, str, Problem], Messages]
    limits: GenerationParameters
    budget: Budget
    run_id: str
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    deadline_s: float = DEADLINE_S
    pauses: TaskPauses = field(default_factory=TaskPauses)
    answering: AnsweringModel = field(default_factory=lambda: AnsweringModel(None))

    def attempt(self, call: Call, past: Sequence[tuple[Completion, Problem]]) -> Attempt:
        """The next attempt at a call, after bad replies with their problems; a limit that cut them is raised."""
        messages = call.messages
        for earlier, why in past:
            messages = self.ask_again(messages, earlier.raw_text, why)
        truncated = sum(why.cause == "truncated" for _, why in past)
        limit = None if call.limit is None else call.limit.after(truncated)
        return Attempt(len(past) + 1, messages, limit)


def judging(wanted: type[Reply]) -> Judge[Reply]:
    """A judge that validates all completions against one model."""
    return Judge(lambda _: wanted)


def retry_conversation(
    retry_prompt: ChatPromptTemplate, retry: Retry = "show_reply"
) -> Callable[[Messages, str, Problem], Messages]:
    """Builds the conversation after a bad reply: the reply, then its problem; or the first messages as they were.

    Raises:
        PromptError: If the retry prompt can't be filled.
    """
    check_placeholders("retry", retry_prompt, required=["problem"], allowed=["cause"])

    def ask_again(messages: Messages, raw_text: str, problem: Problem) -> Messages:
        if retry == "ask_again":
            return messages
        is_cut = problem.cause == "truncated"
        said = AIMessage(
            replace_surrogates(raw_text[: _LONGEST_CUT_REMINDER if is_cut else _LONGEST_REMINDER]) or _NOTHING
        )
        detail = problem.detail.partition(";")[0] if is_cut else problem.detail  # advice on limits is not for a model
        return [*messages, said, *retry_prompt.format_messages(problem=detail, cause=problem.cause)]

    return ask_again
