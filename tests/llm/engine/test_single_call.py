"""Deadlines: a call that takes too long is cancelled; a cancellation from outside stays one.

Which calls without an answer certainly cost nothing, and what the others may have taken.
"""

import asyncio

import httpx2
import openai
import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from synthetic_textcat.errors import BadRequestError, TransportError, UnreachableError
from synthetic_textcat.llm.calls.budget import UsageBound
from synthetic_textcat.llm.chat_models.answers import NOTHING, UNKNOWN
from synthetic_textcat.llm.engine.single_call import Deadlines, answer_of_failure
from tests.llm.builders import completion, no_reply
from tests.support.each_case import each_of
from tests.support.provider_exceptions import caused_by

_MESSAGES = [SystemMessage("Schreib größer."), HumanMessage("日本")]


async def _after(seconds: float, result: str) -> str:
    await asyncio.sleep(seconds)
    return result


def test_a_call_in_time_gives_its_result() -> None:
    async def main() -> str:
        deadlines = Deadlines(1.0)
        try:
            return await deadlines.within(_after(0.01, "done"))
        finally:
            deadlines.close()

    assert asyncio.run(main()) == "done"


def test_only_the_late_one_of_several_calls_is_cancelled() -> None:
    async def main() -> list[str | BaseException]:
        deadlines = Deadlines(0.4)
        calls = (deadlines.within(_after(seconds, f"{seconds}")) for seconds in (0.01, 30.0, 0.02))
        try:
            return await asyncio.gather(*calls, return_exceptions=True)
        finally:
            deadlines.close()

    first, late, third = asyncio.run(main())
    assert (first, third) == ("0.01", "0.02")
    assert isinstance(late, TimeoutError)


def test_the_task_of_a_late_call_goes_on() -> None:
    async def main() -> str:
        deadlines = Deadlines(0.1)
        with pytest.raises(TimeoutError):
            await deadlines.within(_after(30.0, ""))
        result = await deadlines.within(_after(0.01, "the next call"))
        deadlines.close()
        return result

    assert asyncio.run(main()) == "the next call"


def test_a_cancellation_from_outside_stays_one() -> None:
    async def main() -> bool:
        deadlines = Deadlines(30.0)
        task = asyncio.create_task(deadlines.within(_after(30.0, "")))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        deadlines.close()
        return task.cancelled()

    assert asyncio.run(main())


def test_an_error_of_the_call_itself_is_its_end() -> None:
    async def fail() -> str:
        raise ValueError("its own")

    async def main() -> None:
        deadlines = Deadlines(30.0)
        with pytest.raises(ValueError, match="its own"):
            await deadlines.within(fail())
        deadlines.close()

    asyncio.run(main())


def _raised_from(failure: Exception, status: int) -> Exception:
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://127.0.0.1:1/v1"))
    failure.__cause__ = openai.APIStatusError("no", response=response, body=None)
    return failure


@each_of("status", [429, 500, 503, 529])
def test_a_call_that_a_server_turned_away_took_nothing(status: int) -> None:
    assert answer_of_failure(_raised_from(TransportError("server_error", "no"), status)).usage == NOTHING


@pytest.mark.parametrize("failure", [UnreachableError("refused"), TransportError("rate_limited", "slow down")])
def test_a_call_that_was_never_sent_took_nothing(failure: Exception) -> None:
    assert answer_of_failure(failure).usage == NOTHING


def _no_api(content_type: str, body: bytes) -> Exception:
    request = httpx2.Request("POST", "http://127.0.0.1:1/v1")
    response = httpx2.Response(200, request=request, headers={"Content-Type": content_type}, content=body)
    return caused_by(UnreachableError("no API"), openai.APIResponseValidationError(response, body=body))


def test_a_web_page_took_nothing() -> None:
    assert answer_of_failure(_no_api("text/html", b"<html>log in</html>")).usage == NOTHING


@each_of(
    "failure",
    [
        _no_api("text/event-stream", b'data: {"choices": [{"delta": {"content": "a"}}]}'),
        _no_api("application/json", b'{"message": {"content": "a"}, "usage": {"output_tokens": 9}}'),
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


def test_no_token_is_less_than_a_byte() -> None:
    bound = UsageBound().of(_MESSAGES, {"a": 1}, 500)
    assert bound.prompt == len("Schreib größer.日本".encode()) + len('{"a":1}') + 256
    assert bound.completion == 500


def test_what_was_written_is_bounded_by_the_longest_of_enough_replies() -> None:
    bound = UsageBound()
    assert bound.of(_MESSAGES, {}, None).completion == 4096
    bound.note(completion(completion_tokens=9000))
    bound.note(no_reply())
    assert bound.of(_MESSAGES, {}, None).completion == 9000

    bound = UsageBound()
    for tokens in range(1, 60):
        assert bound.of(_MESSAGES, {}, None).completion == 4096
        bound.note(completion(completion_tokens=tokens))
    assert bound.of(_MESSAGES, {}, None).completion == 59
