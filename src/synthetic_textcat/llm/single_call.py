"""One call: from messages to the completion that is journalled, whatever comes of it, within its deadline."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import NamedTuple

from synthetic_textcat.errors import BadRequestError, FatalAnswerError, TextcatError, TransportError, UnreachableError
from synthetic_textcat.llm.answers import NO_ANSWER, Answer
from synthetic_textcat.llm.billing import answer_of_failure
from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.deadlines import Deadlines
from synthetic_textcat.llm.kept_text import MOST_OF_A_REPLY, bounded
from synthetic_textcat.llm.prompts import Messages, messages_sha256
from synthetic_textcat.llm.transport_errors import line_of
from synthetic_textcat.llm.worker_thread import WorkerThread
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.completions import REPLIED, Completion

_worker = WorkerThread("reply-masking")


class Asked(NamedTuple):
    """What came of a call.

    Attributes:
        completion: Its journal line.
        may_retry: Whether the same call may bring a reply if it is made again.
        retry_after_s: For how long the server asks to be left alone; None if it does not say.
    """

    completion: Completion
    may_retry: bool = False
    retry_after_s: float | None = None


class Asker:
    """Makes the calls of a run, one at a time each; belongs to one event loop.

    Args:
        chat: The model.
        manner: Which run asks.
        proven: Whether a call of this run has ended: then a server is there, and a bad request is a row's own too.
        answered: Whether a call of this run got an answer: then nothing is wrong with the address.
    """

    def __init__(self, chat: Chat, manner: Manner, proven: Callable[[], bool], answered: Callable[[], bool]) -> None:
        self._chat = chat
        self._manner = manner
        self._proven = proven
        self._answered = answered
        self._deadlines = Deadlines(manner.deadline_s)

    def close(self) -> None:
        """Watches no deadline any longer."""
        self._deadlines.close()

    async def ask(self, call: Call, messages: Messages, attempt: int) -> Asked:
        """Asks once. Whatever a model class raises is this call's failure.

        Args:
            call: The row; where an earlier reply of its kind was good, a bad request is its own.
            messages: The conversation so far.
            attempt: The number of the reply that is asked for.

        Raises:
            TextcatError: If every further call would fail alike.
        """
        begun = monotonic()
        answer, note = NO_ANSWER, None
        failure: TransportError | None = None
        try:
            answer = await self._answer(call, messages)
            note = answer.error
        except UnreachableError as error:
            if not self._proven():
                raise FatalAnswerError(str(error)) from None
            failure, answer = error, answer_of_failure(error)
        except TransportError as error:
            failure, answer = error, answer_of_failure(error)
        except BadRequestError as error:
            if call.untried and attempt == 1 and not self._proven():
                raise
            failure, answer = TransportError("server_error", str(error), retryable=False), answer_of_failure(error)
        is_counted = None not in (answer.usage.prompt, answer.usage.completion)
        bound = None if is_counted else self._manner.budget.bound(messages, call.schema)
        make = partial(
            Completion,
            fingerprint=call.fingerprint,
            request_id=call.request_id,
            attempt=attempt,
            run_id=self._manner.run_id,
            status=REPLIED if failure is None else failure.cause,
            raw_text=answer.raw_text,
            refusal=answer.refusal,
            finish_reason=answer.finish_reason,
            prompt_tokens=answer.usage.prompt,
            cached_tokens=answer.usage.cached,
            completion_tokens=answer.usage.completion,
            latency_s=round(monotonic() - begun, 4),
            model_name=answer.model_name,
            prompt_sha256=messages_sha256(messages),
            error=note if failure is None else redact(failure.says(self._answered())),
            created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            prompt_tokens_at_most=bound and bound.prompt,
            completion_tokens_at_most=bound and bound.completion,
        )
        # To mask and hash a reply of megabytes takes up to a quarter of a second: the other calls must not wait for it.
        is_long = len(answer.raw_text) > MOST_OF_A_REPLY
        completion = await _worker.call_off_loop(_journalled, make) if is_long else _journalled(make)
        return Asked(completion) if failure is None else Asked(completion, failure.retryable, failure.retry_after_s)

    async def _answer(self, call: Call, messages: Messages) -> Answer:
        """The answer, or one of our errors, before the deadline.

        What is no `Exception` (an exit, a cancellation of the client's own) would end a worker, or the event loop,
        without a word. Cancellations from outside, and the end of this coroutine itself, pass.
        """
        try:
            return await self._deadlines.within(self._chat.ask(messages, call.schema, call.seed))
        except TimeoutError:
            raise TransportError(
                "timeout", f"no whole reply within {self._deadlines.seconds:g} s, the timeout of llm"
            ) from None
        except (TransportError, TextcatError):
            raise
        except BaseException as error:
            if _is_from_outside(error):
                raise
            raise TransportError("server_error", f"{type(error).__name__}: {line_of(error)}") from None


def _journalled(make: Callable[[], Completion]) -> Completion:
    return bounded(make())


def _is_from_outside(error: BaseException) -> bool:
    """Whether the engine cancels this call, or the interpreter disposes of what is left of it after the loop's end."""
    if not isinstance(error, asyncio.CancelledError | GeneratorExit):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop is running
        return True
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
