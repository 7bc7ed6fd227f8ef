"""What the SDKs of other providers raise, as one of our errors."""

from typing import Any

import pytest

from synthetic_textcat.errors import (
    BadRequestError,
    ContentFilteredError,
    FatalAnswerError,
    TransportError,
)
from synthetic_textcat.llm.providers.transport_errors import as_our_error
from tests.support.each_case import each_of
from tests.support.provider_exceptions import (
    AnthropicStatusError,
    BudgetExceededError,
    ChatGoogleGenerativeAIError,
    ClientError,
    ContentPolicyViolationError,
    GenaiClientError,
    GoogleApiCallError,
    HfHubHTTPError,
    NoCredentialsError,
    ResponseError,
    SDKError,
    caused_by,
)

_LOW = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing"
_PER_DAY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
}
_WAIT = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
_QUOTA = "You exceeded your current quota, please check your plan and billing details."


@each_of(
    ("error", "says"),
    [
        (AnthropicStatusError(400, "invalid_request_error", _LOW), "The account's credit is used up: Your credit"),
        (AnthropicStatusError(402, "billing_error", "Payment failed"), "quota is used up: Payment failed"),
        (AnthropicStatusError(401, "authentication_error", "invalid x-api-key"), "refuses the key: invalid x-api-key"),
        (AnthropicStatusError(403, "permission_error", "not for you"), "denies this key access: not for you"),
        (
            AnthropicStatusError(404, "not_found_error", "model: claude-0"),
            "does not know this model or path: model: cl",
        ),
        (GenaiClientError(400, "INVALID_ARGUMENT", "API key not valid."), "refuses the key: API key not valid. Next: "),
        (GenaiClientError(429, "RESOURCE_EXHAUSTED", _QUOTA, _PER_DAY, _WAIT), "quota is used up: You exceeded"),
        (GenaiClientError(400, "FAILED_PRECONDITION", "User location is not supported"), "denies this key access"),
        (ClientError("UnrecognizedClientException", "The security token is invalid.", 403), "refuses the key: The sec"),
        (
            ClientError("AccessDeniedException", "You don't have access to the model.", 403),
            "denies this key access: Yo",
        ),
        (ClientError("ValidationException", "The provided model identifier is invalid.", 400), "know this model"),
        (NoCredentialsError("Unable to locate credentials"), "refuses the key: Unable to locate credentials"),
        (SDKError(401, '{"message": "Unauthorized", "request_id": "1"}'), "refuses the key: Unauthorized"),
        (
            SDKError(400, '{"object": "error", "message": "Invalid model: x", "type": "invalid_model"}'),
            "Invalid model: x",
        ),
        (
            ResponseError("model 'x' not found, try pulling it first", 404),
            "know this model or path: model 'x' not found",
        ),
        (
            HfHubHTTPError(402, {"error": "You have exceeded your monthly included credits"}),
            "credit is used up: You have",
        ),
        (
            BudgetExceededError("Budget has been exceeded! Current cost: 2"),
            "quota is used up: Budget has been exceeded",
        ),
    ],
)
def test_what_every_call_would_get_ends_the_run(error: Exception, says: str) -> None:
    ours = as_our_error(error)
    assert isinstance(ours, FatalAnswerError)
    assert not isinstance(ours, BadRequestError)
    assert says in str(ours)
    assert "Next: " in str(ours)


@each_of(
    ("error", "cause", "wait_s"),
    [
        (AnthropicStatusError(529, "overloaded_error", "Overloaded"), "server_error", None),
        (AnthropicStatusError(429, "rate_limit_error", "slow", {"Retry-After": "12"}), "rate_limited", 12),
        (GenaiClientError(429, "RESOURCE_EXHAUSTED", _QUOTA, _WAIT), "rate_limited", 37),
        (GenaiClientError(503, "UNAVAILABLE", "overloaded"), "server_error", None),
        (GoogleApiCallError(429, "Resource exhausted"), "rate_limited", None),
        (GoogleApiCallError(504, "Deadline exceeded"), "timeout", None),
        (ClientError("ThrottlingException", "Too many requests", 429), "rate_limited", 3),
        (ClientError("ModelNotReadyException", "not ready", 429), "rate_limited", 3),
        (SDKError(429, '{"message": "Service tier capacity exceeded for this model."}'), "rate_limited", None),
        (ResponseError("server busy, please try again", 503), "server_error", None),
        (HfHubHTTPError(503, {"error": "Model x is currently loading", "estimated_time": 20}), "server_error", 20),
    ],
)
def test_what_may_pass_is_tried_again(error: Exception, cause: str, wait_s: float | None) -> None:
    for raised in (error, caused_by(ChatGoogleGenerativeAIError("it failed"), error)):
        ours = as_our_error(raised)
        assert isinstance(ours, TransportError)
        assert (ours.cause, ours.retry_after_s, ours.retryable) == (cause, wait_s, True)


@each_of(
    "error",
    [
        AnthropicStatusError(400, "invalid_request_error", "Output blocked by content filtering policy"),
        GenaiClientError(400, "INVALID_ARGUMENT", "Request blocked: PROHIBITED_CONTENT"),
        ClientError("ValidationException", "The request was blocked by our content filters.", 400),
        ContentPolicyViolationError("litellm.ContentPolicyViolationError: it was filtered"),
        HfHubHTTPError(400, {"error": {"code": "data_inspection_failed", "message": "inappropriate content"}}),
    ],
)
def test_a_content_filter_costs_one_row(error: Exception) -> None:
    assert isinstance(as_our_error(error), ContentFilteredError)


@pytest.mark.parametrize(
    "error",
    [
        AnthropicStatusError(413, "request_too_large", "Request exceeds the maximum size"),
        AnthropicStatusError(400, "invalid_request_error", "prompt is too long: 213000 tokens > 200000 maximum"),
        ClientError("ValidationException", "Input is too long for requested model.", 400),
    ],
)
def test_a_prompt_that_is_too_long_is_its_rows_fault_and_not_asked_again(error: Exception) -> None:
    ours = as_our_error(error)
    assert isinstance(ours, TransportError)
    assert (ours.cause, ours.retryable) == ("too_long", False)
    assert "the request is too long: " in str(ours)


class _AwkwardError(Exception):
    """Attributes that raise, and causes in a circle."""

    @property
    def response(self) -> Any:
        raise RuntimeError("not read yet")


def test_an_awkward_exception_is_read_all_the_same() -> None:
    error = _AwkwardError("odd")
    group = ExceptionGroup("several", [OSError("Network is unreachable"), error])
    error.__cause__ = group
    ours = as_our_error(error)
    assert isinstance(ours, TransportError)
    assert "The network does not reach the server: Network is unreachable" in str(ours)
