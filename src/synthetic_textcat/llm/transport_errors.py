"""A client library's errors as ours. They are told by their attributes and names: no SDK is imported for it."""

from collections.abc import Iterator
from typing import Any

from synthetic_textcat.errors import (
    BadRequestError,
    FatalAnswerError,
    TextcatError,
    TransportError,
    UnreachableError,
    redact,
)
from synthetic_textcat.llm.unicode import speakable

_NOBODY_LISTENS = {"ConnectError", "ConnectTimeout", "ConnectionRefusedError"}
_TIMEOUT = ("Timeout", "TimeoutError")
_CONNECTION = ("ConnectionError", "NetworkError", "RemoteProtocolError")
_FATAL_STATUS = {
    400: "The server calls the request bad",
    401: "The server refuses the key",
    403: "The server denies this key access",
    404: "The server does not know this model or path",
    422: "The server can't process the request",
}
_NEXT_STEP = {
    400: "see llm.structured_output and the other llm settings for what this server may not know",
    401: "set OPENAI_API_KEY, or the variable that your chat model's class reads, to a key of this server",
    403: "use a key with access to this model",
    404: "set llm.model to a model of this server, and OPENAI_BASE_URL to its address, which mostly ends in /v1",
    422: "see llm.structured_output and the other llm settings for what this server may not know",
}
_BAD_REQUEST = {400, 413, 422}
QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached"}


def as_our_error(error: Exception) -> TransportError | TextcatError:
    """A client library's error as one of ours.

    An error that no library documents (a body that is no chat completion, say) is the server's: one bad reply must not
    end a run.
    """
    if isinstance(error, TransportError | TextcatError):
        return error
    for cause in _causes(error):
        if not _NOBODY_LISTENS.isdisjoint(_names(cause)):
            return UnreachableError(line_of(cause))  # a refused connection, too, may come as a timeout
    status = _status_of(error)
    if status is not None:
        return _status_error(status, _codes_of(error), _said(error))
    if _is_a(_TIMEOUT, error):
        return TransportError("timeout", "the call took longer than the client waits")
    if _is_a(_CONNECTION, error):
        return TransportError("connection_error", line_of(error.__cause__ or error))
    return TransportError("server_error", f"{type(error).__name__}: {line_of(error)}")


def line_of(error: BaseException) -> str:
    """What an error says, in one line without keys; its name if it says nothing."""
    return _flat(str(error)) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _names(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _is_a(endings: tuple[str, ...], error: BaseException) -> bool:
    return any(name.endswith(endings) for name in _names(error))


def _status_of(error: Exception) -> int | None:
    """The HTTP status that an error stands for: Anthropic, Ollama: status_code; Google: code; httpx: the response's."""
    places = (error, "status_code"), (error, "code"), (getattr(error, "response", None), "status_code")
    found = (getattr(holder, name, None) for holder, name in places)
    return next((int(value) for value in found if isinstance(value, int) and 400 <= value <= 599), None)


def _codes_of(error: Exception) -> set[str]:
    return {str(getattr(error, "code", None)), str(getattr(error, "type", None))}


def _status_error(status: int, codes: set[str], message: str) -> TransportError | FatalAnswerError:
    if codes & QUOTA_CODES:
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


def _said(error: Any) -> str:
    """What the server says, also where its body is not of OpenAI's form."""
    body = getattr(error, "body", None)
    detail = body.get("detail") if isinstance(body, dict) else None
    return _flat(f"{error} {detail}" if detail else str(error))


def _flat(text: str) -> str:
    return redact(str(speakable(" ".join(text.split()))))[:300]
