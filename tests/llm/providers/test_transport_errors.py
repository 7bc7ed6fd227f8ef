"""What a client library raises, as one of our errors; no SDK but OpenAI's is installed here."""

import http
from typing import Any

import httpx
import httpx2
import openai
import pytest
import requests

from synthetic_textcat.errors import (
    BadRequestError,
    FatalAnswerError,
    ModelSetupError,
    TransportError,
    UnreachableError,
)
from synthetic_textcat.llm.providers.transport_errors import as_our_error
from tests.support.each_case import each_of

_REQUEST = httpx2.Request("POST", "http://127.0.0.1:1/v1/chat/completions")


def _status_error(status: int, **error: Any) -> openai.APIStatusError:
    response = httpx2.Response(status, request=_REQUEST)
    message = str(error.get("message", "it failed"))
    return openai.APIStatusError(message, response=response, body=error or None)


@each_of(
    ("error", "cause"),
    [
        (_status_error(429), "rate_limited"),
        (_status_error(429, code="rate_limit_exceeded"), "rate_limited"),
        (_status_error(408), "timeout"),
        (_status_error(504), "timeout"),
        (_status_error(409), "server_error"),
        (_status_error(500), "server_error"),
        (_status_error(503), "server_error"),
        (openai.RateLimitError("slow", response=httpx2.Response(429, request=_REQUEST), body=None), "rate_limited"),
        (openai.APITimeoutError(_REQUEST), "timeout"),
        (openai.APIConnectionError(request=_REQUEST), "connection_error"),
        (openai.APIResponseValidationError(httpx2.Response(200, request=_REQUEST), None), "connection_error"),
        (openai.APIError("the stream broke", _REQUEST, body=None), "server_error"),
        (openai.OpenAIError("odd"), "server_error"),
        (TimeoutError(), "timeout"),
        (KeyError("choices"), "server_error"),
        (TransportError("timeout", "ours"), "timeout"),
    ],
)
def test_what_may_pass_is_a_cause(error: Exception, cause: str) -> None:
    ours = as_our_error(error)
    assert isinstance(ours, TransportError)
    assert ours.cause == cause
    assert str(ours)


@each_of(
    ("error", "says"),
    [
        (_status_error(400, message="no such field"), "calls the request bad: no such field. Next: see llm.structured"),
        (_status_error(401), "refuses the key: it failed. Next: set OPENAI_API_KEY"),
        (_status_error(403), "denies this key access"),
        (_status_error(404, message="no model x"), "does not know this model or path: no model x. Next: set llm.model"),
        (_status_error(422), "can't process the request"),
        (_status_error(418), "status 418"),
        (_status_error(429, code="insufficient_quota"), "quota is used up"),
        (_status_error(400, code="billing_hard_limit_reached"), "quota is used up"),
        (FatalAnswerError("ours"), "ours"),
    ],
)
def test_what_every_call_would_get_is_fatal_and_one_line(error: Exception, says: str) -> None:
    ours = as_our_error(error)
    assert isinstance(ours, FatalAnswerError)
    assert says in str(ours)
    assert "\n" not in str(ours)


def test_an_exhausted_quota_is_known_by_the_errors_type_too() -> None:
    assert isinstance(as_our_error(_status_error(429, type="insufficient_quota", code=None)), FatalAnswerError)


@pytest.mark.parametrize("status", [401, 429, 500])
def test_no_key_is_shown_and_lines_stay_short(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abc123")
    line = str(as_our_error(_status_error(status, message="Incorrect key\nprovided: sk-abc123 " + "x" * 1000)))
    assert "sk-abc123" not in line
    assert "Incorrect key provided: ***" in line
    assert len(line) < 500


def test_a_connection_error_says_what_lies_under_it() -> None:
    error = openai.APIConnectionError(request=_REQUEST)
    error.__cause__ = OSError("Name or service not known")
    assert str(as_our_error(error)).endswith("broke: Name or service not known")


@pytest.mark.parametrize("under", [httpx2.ConnectError("refused"), httpx2.ConnectTimeout("nobody there")])
@pytest.mark.parametrize("above", [openai.APIConnectionError(request=_REQUEST), openai.APITimeoutError(_REQUEST)])
def test_a_server_that_is_not_there_is_told_from_a_connection_that_broke(under: Exception, above: Exception) -> None:
    above.__cause__ = under
    ours = as_our_error(above)
    assert isinstance(ours, UnreachableError)
    assert ours.cause == "connection_error"
    assert f"No server answers at {_REQUEST.url}" in str(ours)
    assert f"{under}. Next: " in str(ours)
    above.__cause__ = httpx2.ReadError("reset by peer")
    assert not isinstance(as_our_error(above), UnreachableError)


def test_an_error_without_words_has_its_name() -> None:
    assert "ValueError" in str(as_our_error(ValueError()))


@each_of(("status", "first_only"), [(400, True), (403, True), (418, True), (422, True), (401, False), (404, False)])
def test_a_bad_request_is_told_from_what_every_call_would_get(status: int, first_only: bool) -> None:
    assert isinstance(as_our_error(_status_error(status)), BadRequestError) is first_only


class APIConnectionError(Exception):
    """As in SDKs that are made like OpenAI's, Anthropic's among them."""


class APITimeoutError(APIConnectionError):
    """A timeout is a kind of broken connection there, too."""


class APIStatusError(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__("said the server")
        self.status_code = status_code


class GoogleError(Exception):
    def __init__(self, code: Any) -> None:
        super().__init__("said Google")
        self.code = code


def _httpx_status_error(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "http://127.0.0.1:1")
    return httpx.HTTPStatusError("it failed", request=request, response=httpx.Response(status, request=request))


@each_of(
    ("error", "cause"),
    [
        (APIConnectionError("reset"), "connection_error"),
        (APITimeoutError("late"), "timeout"),
        (APIStatusError(429), "rate_limited"),
        (APIStatusError(529), "server_error"),
        (GoogleError(429), "rate_limited"),
        (GoogleError(http.HTTPStatus.GATEWAY_TIMEOUT), "timeout"),
        (GoogleError(lambda: 429), "server_error"),
        (_httpx_status_error(503), "server_error"),
        (httpx.ReadTimeout("late"), "timeout"),
        (httpx.ReadError("reset"), "connection_error"),
        (httpx.RemoteProtocolError("gone"), "connection_error"),
        (requests.exceptions.ReadTimeout("late"), "timeout"),
        (requests.exceptions.ConnectionError("reset"), "connection_error"),
        (ConnectionResetError("reset"), "connection_error"),
    ],
)
def test_what_another_sdk_raises_is_a_cause_too(error: Exception, cause: str) -> None:
    ours = as_our_error(error)
    assert isinstance(ours, TransportError)
    assert not isinstance(ours, UnreachableError)
    assert ours.cause == cause
    assert str(ours)


@pytest.mark.parametrize("error", [APIStatusError(401), GoogleError(401), _httpx_status_error(404)])
def test_a_wrong_key_or_model_is_fatal_with_another_sdk_too(error: Exception) -> None:
    assert isinstance(as_our_error(error), FatalAnswerError)


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), ConnectionRefusedError("refused")])
def test_a_dead_server_is_known_with_another_sdk_too(error: Exception) -> None:
    assert isinstance(as_our_error(error), UnreachableError)
    above = APIConnectionError("Connection error.")
    above.__cause__ = error
    assert isinstance(as_our_error(above), UnreachableError)
    assert str(as_our_error(above)).startswith("No server answers: refused. Next: start it")


def test_an_error_of_the_users_stays_what_it_is() -> None:
    ours = ModelSetupError("no such form")
    assert as_our_error(ours) is ours
