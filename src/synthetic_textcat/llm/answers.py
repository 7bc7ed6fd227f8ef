"""What came back from a call, in one shape for every chat model: an answer, or one of our errors."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

from synthetic_textcat.errors import BadRequestError, FatalAnswerError, TransportError, UnreachableError, redact
from synthetic_textcat.llm.unicode import speakable

_FATAL_STATUS = {
    400: "The server calls the request bad",
    401: "The server refuses the key",
    403: "The server denies this key access",
    404: "The server does not know this model or path",
    422: "The server can't process the request",
}
_NEXT_STEP = {
    400: "see llm.structured_output and the other llm settings for what this server may not know",
    401: "set OPENAI_API_KEY to a key of this server",
    403: "use a key with access to this model",
    404: "set llm.model to a model of this server, and OPENAI_BASE_URL to its address, which mostly ends in /v1",
    422: "see llm.structured_output and the other llm settings for what this server may not know",
}
_BAD_REQUEST = {400, 413, 422}
_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached"}
_FILTER_CODES = {"content_filter", "content_policy_violation"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply of the model; fields as in `Completion`."""

    raw_text: str
    refusal: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    model_name: str | None


def read_answer(message: AIMessage) -> Answer:
    """The answer in a LangChain message; a count that the server did not give is None."""
    metadata = message.response_metadata
    usage: Any = message.usage_metadata or {}
    return Answer(
        raw_text=message.content if isinstance(message.content, str) else message.text,
        refusal=_text(message.additional_kwargs.get("refusal")),
        finish_reason=_text(metadata.get("finish_reason")),
        prompt_tokens=usage.get("input_tokens"),
        cached_tokens=usage.get("input_token_details", {}).get("cache_read"),
        completion_tokens=usage.get("output_tokens"),
        model_name=_text(metadata.get("model_name")),
    )


def filtered_answer(error: Exception) -> Answer | None:
    """The answer of a content filter that comes as an error: Azure refuses one row's prompt with a status of 400."""
    if getattr(error, "code", None) not in _FILTER_CODES:
        return None
    return Answer("", None, "content_filter", None, None, None, None)


def as_our_error(error: Exception) -> TransportError | FatalAnswerError:
    """A client library's error as one of ours.

    An error that no library documents (a body that is no chat completion, say) is the server's: one bad reply must not
    end a run.
    """
    if isinstance(error, TransportError | FatalAnswerError):
        return error
    if isinstance(error, TimeoutError):
        return TransportError("timeout", "the call took longer than the client waits")
    return _openai_error(error)


def _openai_error(error: Exception) -> TransportError | FatalAnswerError:
    import httpx2  # heavy, both, and an offline run never needs them
    import openai

    for cause in _causes(error):
        if isinstance(cause, httpx2.ConnectTimeout | httpx2.ConnectError):
            return UnreachableError(_line(cause))  # a refused connection, too, comes as a timeout
    if isinstance(error, openai.APITimeoutError):
        return TransportError("timeout", "the call took longer than the client waits")
    if isinstance(error, openai.APIConnectionError):
        return TransportError("connection_error", _line(error.__cause__ or error))
    if isinstance(error, openai.APIStatusError):
        return _status_error(error.status_code, {str(error.code), str(error.type)}, _said(error))
    return TransportError("server_error", f"{type(error).__name__}: {_line(error)}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _status_error(status: int, codes: set[str], message: str) -> TransportError | FatalAnswerError:
    if codes & _QUOTA_CODES:
        return FatalAnswerError(
            f"The account's quota is used up: {message}. Top it up, then run the same command again"
        )
    if status == 429:
        return TransportError("rate_limited", message)
    if status in (408, 504):
        return TransportError("timeout", message)
    if status >= 500 or status == 409:
        return TransportError("server_error", message)
    wrong = _FATAL_STATUS.get(status, f"The server answers with status {status}")
    next_step = _NEXT_STEP.get(status, "see the server's log")
    kind = BadRequestError if status in _BAD_REQUEST else FatalAnswerError
    return kind(f"{wrong}: {message}. Next: {next_step}")


def _text(value: Any) -> str | None:
    """What a server put where a text belongs, as a text."""
    return None if value is None else str(speakable(str(value)))


def _said(error: Any) -> str:
    """What the server says, also where its body is not of OpenAI's form."""
    body = error.body
    detail = body.get("detail") if isinstance(body, dict) else None
    return _flat(f"{error} {detail}" if detail else str(error))


def _line(error: BaseException) -> str:
    return _flat(str(error)) or type(error).__name__


def _flat(text: str) -> str:
    return redact(str(speakable(" ".join(text.split()))))[:300]
