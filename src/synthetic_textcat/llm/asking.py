"""One call: from messages to the completion that is journalled, whatever comes of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic

from synthetic_textcat.errors import BadRequestError, FatalAnswerError, TransportError, UnreachableError, redact
from synthetic_textcat.llm.answers import NO_ANSWER
from synthetic_textcat.llm.billing import answer_of_failure
from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.kept_text import bounded
from synthetic_textcat.llm.messages import Messages, messages_sha256
from synthetic_textcat.schemas.completions import REPLIED, Completion


async def ask(
    chat: Chat, call: Call, messages: Messages, attempt: int, manner: Manner, proven: Callable[[], bool]
) -> Completion:
    """Asks once; the client's own retries are within.

    Args:
        chat: The model.
        call: The row; where an earlier reply of its kind was good, a bad request is its own.
        messages: The conversation so far.
        attempt: The number of the reply that is asked for.
        manner: Which run asks.
        proven: Whether a call of this run has ended: then a server is there, and a bad request is this row's own too.

    Raises:
        FatalAnswerError: If every further call would fail alike.
    """
    begun = monotonic()
    answer, status, error = NO_ANSWER, REPLIED, None
    try:
        answer = await chat.ask(messages, call.schema, call.seed)
        error = answer.error
    except UnreachableError as failure:
        if not proven():
            raise FatalAnswerError(str(failure)) from None
        answer, status, error = answer_of_failure(failure), failure.cause, redact(str(failure))
    except TransportError as failure:
        answer, status, error = answer_of_failure(failure), failure.cause, redact(str(failure))
    except BadRequestError as failure:
        if call.untried and attempt == 1 and not proven():
            raise
        answer, status, error = answer_of_failure(failure), "server_error", redact(str(failure))
    is_counted = None not in (answer.usage.prompt, answer.usage.completion)
    bound = None if is_counted else manner.budget.bound(messages, call.schema)
    completion = Completion(
        fingerprint=call.fingerprint,
        request_id=call.request_id,
        attempt=attempt,
        run_id=manner.run_id,
        status=status,
        raw_text=answer.raw_text,
        refusal=answer.refusal,
        finish_reason=answer.finish_reason,
        prompt_tokens=answer.usage.prompt,
        cached_tokens=answer.usage.cached,
        completion_tokens=answer.usage.completion,
        latency_s=round(monotonic() - begun, 4),
        model_name=answer.model_name,
        prompt_sha256=messages_sha256(messages),
        error=error,
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        prompt_tokens_at_most=bound and bound.prompt,
        completion_tokens_at_most=bound and bound.completion,
    )
    return bounded(completion)
