"""Exceptions in the shapes of other providers' SDKs, none of which is installed here."""

import json
from types import SimpleNamespace
from typing import Any


class AnthropicStatusError(Exception):
    """anthropic.APIStatusError: status, parsed body, response."""

    def __init__(self, status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> None:
        body = {"type": "error", "error": {"type": kind, "message": message}}
        super().__init__(f"Error code: {status} - {body}")
        self.status_code, self.body = status, body
        self.response = SimpleNamespace(status_code=status, headers=headers or {}, content=json.dumps(body).encode())


class GenaiClientError(Exception):
    """google.genai.errors.ClientError: code, status name, message, and the whole body as `details`."""

    def __init__(self, code: int, status: str, message: str, *details: dict[str, Any]) -> None:
        self.details = {"error": {"code": code, "message": message, "status": status, "details": list(details)}}
        super().__init__(f"{code} {status}. {self.details}")
        self.code, self.status, self.message = code, status, message


class GoogleApiCallError(Exception):
    """google.api_core.exceptions.GoogleAPICallError: a status, a message, protobuf details."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.details = code, message, [object()]


class ChatGoogleGenerativeAIError(Exception):
    """langchain_google_genai's, which keeps nothing but the text and its cause."""


class ClientError(Exception):
    """botocore.exceptions.ClientError: everything lies in a dict called `response`."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"An error occurred ({code}) when calling the Converse operation: {message}")
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {"retry-after": "3"}}
        self.response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}


class SDKError(Exception):
    """mistralai's: the body as text."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"API error occurred: Status {status}")
        self.status_code, self.body = status, body


class ResponseError(Exception):
    """ollama's: a status and the sentence."""

    def __init__(self, error: str, status_code: int) -> None:
        super().__init__(f"{error} (status code: {status_code})")
        self.error, self.status_code = error, status_code


class HfHubHTTPError(Exception):
    """huggingface_hub's: the response of httpx or requests."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} Client Error")
        self.response = SimpleNamespace(status_code=status, headers={}, content=json.dumps(body).encode())


class BudgetExceededError(Exception):
    """litellm's."""


class ContentPolicyViolationError(Exception):
    """litellm's."""


class NoCredentialsError(Exception):
    """botocore's, before any request."""


def caused_by(error: Exception, cause: Exception) -> Exception:
    """The error, raised from its cause."""
    error.__cause__ = cause
    return error
