"""Which calls without an answer certainly cost nothing, and what the others may have taken."""

import httpx2
import openai
import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from synthetic_textcat.errors import BadRequestError, TransportError, UnreachableError
from synthetic_textcat.llm.billing import answer_of_failure
from synthetic_textcat.llm.token_usage import NOTHING, UNKNOWN
from synthetic_textcat.llm.usage_bound import UsageBound
from tests.llm.builders import completion, no_reply


def _raised_from(failure: Exception, status: int) -> Exception:
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://127.0.0.1:1/v1"))
    failure.__cause__ = openai.APIStatusError("no", response=response, body=None)
    return failure


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_call_that_a_server_turned_away_took_nothing(status: int) -> None:
    assert answer_of_failure(_raised_from(TransportError("server_error", "no"), status)).usage == NOTHING


@pytest.mark.parametrize("failure", [UnreachableError("refused"), TransportError("rate_limited", "slow down")])
def test_a_call_that_was_never_sent_took_nothing(failure: Exception) -> None:
    assert answer_of_failure(failure).usage == NOTHING


@pytest.mark.parametrize(
    "failure",
    [
        TransportError("timeout", "the call took longer"),
        TransportError("connection_error", "closed without an answer"),
        TransportError("server_error", "JSONDecodeError"),
        _raised_from(TransportError("timeout", "gateway"), 504),
        _raised_from(TransportError("server_error", "bad gateway"), 502),
        _raised_from(BadRequestError("too long"), 400),
    ],
)
def test_a_call_that_may_have_been_worked_on_is_of_unknown_usage(failure: Exception) -> None:
    assert answer_of_failure(failure).usage == UNKNOWN


def test_an_error_may_be_its_own_cause() -> None:
    failure = TransportError("server_error", "no")
    failure.__cause__ = failure
    assert answer_of_failure(failure).usage == UNKNOWN


_MESSAGES = [SystemMessage("Schreib größer."), HumanMessage("日本")]


def test_no_token_is_less_than_a_byte() -> None:
    bound = UsageBound(max_tokens=500).of(_MESSAGES, {"a": 1})
    assert bound.prompt == len("Schreib größer.日本".encode()) + len('{"a":1}') + 256
    assert bound.completion == 500


def test_what_was_written_is_bounded_by_the_longest_of_enough_replies() -> None:
    bound = UsageBound(max_tokens=None)
    assert bound.of(_MESSAGES, {}).completion == 4096
    bound.note(completion(completion_tokens=9000))
    bound.note(no_reply())
    assert bound.of(_MESSAGES, {}).completion == 9000

    bound = UsageBound(max_tokens=None)
    for tokens in range(1, 60):
        assert bound.of(_MESSAGES, {}).completion == 4096
        bound.note(completion(completion_tokens=tokens))
    assert bound.of(_MESSAGES, {}).completion == 59
