"""Asking: the policy and the pending calls of a stage that asks the model, from its questions and its open rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import ModelSetupError, StaleTableError
from synthetic_textcat.llm.calls.answering_model import AnsweringModel
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.first_replies import TaskPauses
from synthetic_textcat.llm.calls.open_rows import OpenRow
from synthetic_textcat.llm.calls.policy import Call, CallPolicy, Judge, RetryPolicy, retry_conversation
from synthetic_textcat.llm.calls.token_limits import limit_of
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.server_list import open_chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec, as_of_judge
from synthetic_textcat.llm.prompts.messages import Fingerprinter, Messages
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters


class Question(Protocol):
    """First messages of a call, with the schema of its reply."""

    @property
    def request_id(self) -> str:
        """Id of the call in the journal."""

    @property
    def messages(self) -> Messages:
        """The first messages."""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the reply."""

    @property
    def seed(self) -> int:
        """Seed sent with the call."""

    @property
    def row(self) -> Mapping[str, Any]:
        """The planned row, or the part of it that checks need."""


AnyQuestion = TypeVar("AnyQuestion", bound=Question)


class Asked(NamedTuple):
    """Model that is asked.

    Attributes:
        spec: Its recipe.
        llm: Its settings.
        is_judge: Whether recipe and settings are those of `judge` and `label_check.llm`, for error messages.
    """

    spec: ChatModelSpec
    llm: LlmParameters
    is_judge: bool = False

    def open(self, shard: int | None = None) -> Chat:
        """The chat model; see `open_chat`.

        Raises:
            ModelSetupError: If it can't be built.
        """
        try:
            return open_chat(self.spec, self.llm, shard)
        except ModelSetupError as error:
            raise ModelSetupError(as_of_judge(str(error)) if self.is_judge else str(error)) from None

    @property
    def fingerprinter(self) -> Fingerprinter:
        """Fingerprints of calls to it."""
        return Fingerprinter(self.llm, self.spec.identity_of(self.llm))

    def is_same(self, other: "Asked") -> bool:
        """Whether both are the same model at the same endpoint."""
        return (self.llm.model, self.spec.endpoint) == (other.llm.model, other.spec.endpoint)


def policy_for(
    asked: Asked,
    generation: GenerationParameters,
    retry_prompt: ChatPromptTemplate,
    judge: Judge[Any],
    budget: Budget,
    run_id: str,
    pauses: TaskPauses | None = None,
    answering: AnsweringModel | None = None,
) -> CallPolicy:
    """Policy of all calls of a stage: limits, retries and caps are those of `generation` for each stage.

    Args:
        asked: The model.
        generation: Limits and attempts.
        retry_prompt: Prompt after a bad reply.
        judge: Validation of replies.
        budget: What this run has spent so far.
        run_id: This run.
        pauses: Paused tasks; None = no task is paused.
        answering: Comparison of the model that answers with the requested one; None = it is not compared.
    """
    return CallPolicy(
        judge=judge,
        ask_again=retry_conversation(retry_prompt, generation.retry_at(asked.llm.temperature)),
        limits=generation,
        budget=budget,
        run_id=run_id,
        retries=RetryPolicy(asked.spec.max_retries, generation.max_wait_seconds),
        deadline_s=asked.spec.deadline_s,
        pauses=pauses or TaskPauses(),
        answering=answering or AnsweringModel(None),
    )


def pending_calls(
    questions: Iterable[tuple[AnyQuestion, OpenRow]],
    asked: Asked,
    planned_tokens: Callable[[AnyQuestion], int],
    untried: bool,
    stale: str,
    is_left_out: Callable[[AnyQuestion], bool] = lambda _: False,
) -> Iterator[Call]:
    """The calls of open rows, lazily, each with its earlier replies.

    Args:
        questions: Questions, each with its open row.
        asked: The model.
        planned_tokens: Derives a token limit from a question.
        untried: Whether no earlier reply of this kind was good.
        stale: Message of the error, if the fingerprint of a question is not that of its open row.
        is_left_out: Whether a question is skipped.

    Raises:
        StaleTableError: If the open rows belong to another plan, prompt or model.
    """
    fingerprinter = asked.fingerprinter
    for question, open_row in questions:
        if is_left_out(question):
            continue
        if fingerprinter.of(question.request_id, question.messages, question.schema) != open_row.fingerprint:
            raise StaleTableError(stale)
        yield Call(
            request_id=question.request_id,
            fingerprint=open_row.fingerprint,
            messages=question.messages,
            schema=question.schema,
            seed=question.seed,
            past=open_row.past,
            prompt_tokens=open_row.prompt_tokens,
            row=question.row,
            untried=untried,
            limit=limit_of(asked.llm, partial(planned_tokens, question)),
        )
