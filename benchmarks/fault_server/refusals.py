"""Answers with a status other than 200, in the words and shapes of OpenAI's."""

from typing import Any, NamedTuple

import orjson

from .chat_request import ChatRequest
from .poison import in_words


class ErrorAnswer(NamedTuple):
    """An error as it goes over the wire; `whole` is a body that is not of OpenAI's shape."""

    status: int
    kind: str
    code: str | None
    message: str
    param: str | None = None
    whole: dict[str, Any] | None = None

    def body(self) -> bytes:
        """The JSON that clients take code and message from."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return orjson.dumps(self.whole or {"error": error})


RATE_LIMITED = ErrorAnswer(429, "requests", "rate_limit_exceeded", "Rate limit reached. Please try again shortly.")
SERVER_ERROR = ErrorAnswer(500, "server_error", None, "The server had an error while processing your request.")
QUOTA = ErrorAnswer(
    429,
    "insufficient_quota",
    "insufficient_quota",
    "You exceeded your current quota, please check your plan and billing details.",
)
BAD_KEY = ErrorAnswer(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
BAD_REQUEST = ErrorAnswer(
    400,
    "invalid_request_error",
    None,
    "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
    "response_format",
)

_FLAGGED = "Your chosen model requires moderation and your input was flagged"
FLAGGED = ErrorAnswer(  # OpenRouter's shape
    403,
    "",
    None,
    _FLAGGED,
    whole={"error": {"message": _FLAGGED, "code": 403, "metadata": {"reasons": ["harassment"]}}},
)
INSPECTION_FAILED = ErrorAnswer(  # DashScope's
    400, "invalid_request_error", "data_inspection_failed", "Input data may contain inappropriate content."
)
_LOW_CREDIT = "Your credit balance is too low to access the API. Please go to Plans & Billing to purchase credits."
LOW_CREDIT = ErrorAnswer(  # Anthropic's
    400,
    "",
    None,
    _LOW_CREDIT,
    whole={"type": "error", "error": {"type": "invalid_request_error", "message": _LOW_CREDIT}},
)
CONTROL_CHARACTERS = ErrorAnswer(
    500,
    "server_error",
    None,
    "Overloaded \x1b[31mred\x1b[0m \x1b]0;title\x07 bell \x07 csi \x9b2J nel \x85 bidi \u202egnp.exe\u202c end",
)
_STATIC = {
    "rate_limited": RATE_LIMITED,
    "server_error": SERVER_ERROR,
    "quota": QUOTA,
    "bad_key": BAD_KEY,
    "bad_request": BAD_REQUEST,
    "flagged": FLAGGED,
    "inspection_failed": INSPECTION_FAILED,
    "low_credit": LOW_CREDIT,
    "control_characters": CONTROL_CHARACTERS,
}


def unknown_model(name: str) -> ErrorAnswer:
    """The answer for a model that is not served here."""
    message = f"The model `{name}` does not exist or you do not have access to it."
    return ErrorAnswer(404, "invalid_request_error", "model_not_found", message)


def too_long(request: ChatRequest, context: int, *, with_limit: bool) -> ErrorAnswer | None:
    """The answer for a request that does not fit, in llama.cpp's words; with the reply's limit in it, in vLLM's."""
    tokens, limit = request.conversation_tokens, request.max_tokens or 0
    if tokens >= context:
        message = f"request ({tokens} tokens) exceeds the available context size ({context} tokens), try increasing it"
        return ErrorAnswer(400, "exceed_context_size_error", None, message)
    if with_limit and tokens + limit > context:
        message = (
            f"This model's maximum context length is {context} tokens. However, you requested {tokens + limit} tokens "
            f"({tokens} in the messages, {limit} in the completion). Please reduce the length of the messages."
        )
        return ErrorAnswer(400, "BadRequestError", None, message)
    return None


def unreadable(message: str) -> ErrorAnswer:
    """The answer for a request that can't be understood."""
    return ErrorAnswer(400, "invalid_request_error", None, message)


def for_fault(fault: str, model: str, heard: dict[str, str]) -> ErrorAnswer | None:
    """The error answer of a fault; none if the fault lies in the content of a reply, or in its transfer."""
    if fault == "unknown_model":
        return unknown_model(model)
    if fault == "echo_error":
        return ErrorAnswer(500, "server_error", None, f"The server can't serve {in_words(heard)}")
    return _STATIC.get(fault)
