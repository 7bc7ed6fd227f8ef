"""Answers with a status other than 200, in the words and shapes of OpenAI's."""

from typing import NamedTuple

import orjson


class ErrorAnswer(NamedTuple):
    """An error as it goes over the wire."""

    status: int
    kind: str
    code: str | None
    message: str
    param: str | None = None

    def body(self) -> bytes:
        """The JSON that clients take code and message from."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return orjson.dumps({"error": error})


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


def unknown_model(name: str) -> ErrorAnswer:
    """The answer for a model that is not served here."""
    message = f"The model `{name}` does not exist or you do not have access to it."
    return ErrorAnswer(404, "invalid_request_error", "model_not_found", message)


def unreadable(message: str) -> ErrorAnswer:
    """The answer for a request that can't be understood."""
    return ErrorAnswer(400, "invalid_request_error", None, message)


def for_fault(fault: str, model: str) -> ErrorAnswer | None:
    """The error answer of a fault; none if the fault lies in the content of a reply."""
    answers = {"rate_limited": RATE_LIMITED, "server_error": SERVER_ERROR, "quota": QUOTA, "bad_key": BAD_KEY}
    if fault == "unknown_model":
        return unknown_model(model)
    return BAD_REQUEST if fault == "bad_request" else answers.get(fault)
