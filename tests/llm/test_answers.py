"""What a client library says, as an answer."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call

from synthetic_textcat.llm.answers import filtered_answer, read_answer
from synthetic_textcat.llm.parsing import parse
from synthetic_textcat.llm.token_usage import UNKNOWN
from synthetic_textcat.schemas.replies import Problem, Reply
from tests.llm.builders import completion
from tests.support.chat_models import GOOD


def test_a_prompt_that_a_servers_filter_refuses_costs_its_own_row_only() -> None:
    answer = filtered_answer("Your input was flagged")
    assert answer.finish_reason == "content_filter"
    assert answer.usage == UNKNOWN  # Azure bills for it, and does not say how much
    found = parse(completion("", finish_reason=answer.finish_reason, error=answer.error), Reply)
    assert isinstance(found, Problem)
    assert found.cause == "content_filtered"
    assert "Your input was flagged" in found.detail


@pytest.mark.parametrize(
    ("of_server", "of_langchain", "counts"),
    [
        ({"prompt_tokens": 10, "completion_tokens": None}, (10, 0), (10, None, None)),  # LangChain: 0
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 45}, (10, 35), (10, None, 35)),
        (None, (10, 5), (10, None, 5)),
        ({}, None, (None, None, None)),
        ("many", (10, 5), (10, None, 5)),
        ({"input_tokens": 1}, (10, 5), (10, None, 5)),  # of another form: LangChain knows it
    ],
)
def test_the_servers_own_counts_come_before_langchains(
    of_server: object, of_langchain: tuple[int, int] | None, counts: tuple[int | None, ...]
) -> None:
    usage = None
    if of_langchain is not None:
        read, written = of_langchain
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
    message = AIMessage("text", response_metadata={"token_usage": of_server}, usage_metadata=usage)
    assert read_answer(message).usage == counts


@pytest.mark.parametrize("usage", [{"input_tokens": "9", "output_tokens": None}, "9", [], {"input_tokens": {}}])
def test_odd_counts_of_any_chat_model_are_unknown(usage: Any) -> None:
    message = AIMessage("text")
    message.usage_metadata = usage  # as providers' classes set it: nothing checks it
    assert read_answer(message).usage == UNKNOWN


def test_an_answer_is_read_whole() -> None:
    message = AIMessage(
        "text",
        additional_kwargs={"refusal": "no"},
        response_metadata={"finish_reason": "length", "model_name": "m-1"},
        usage_metadata={
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_token_details": {"cache_read": 4},
        },
    )
    answer = read_answer(message)
    assert (answer.raw_text, answer.refusal, answer.finish_reason) == ("text", "no", "length")
    assert answer.usage == (10, 4, 5)
    assert answer.model_name == "m-1"


def test_a_model_may_be_named_without_an_underscore() -> None:
    assert read_answer(AIMessage("x", response_metadata={"model": "m-1"})).model_name == "m-1"


def test_what_the_server_does_not_say_is_none() -> None:
    answer = read_answer(AIMessage(""))
    assert answer.raw_text == ""
    assert {answer.refusal, answer.finish_reason, answer.model_name} == {None}
    assert set(answer.usage) == {None}


def test_text_in_content_blocks_is_joined() -> None:
    blocks: list[str | dict[Any, Any]] = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert read_answer(AIMessage(content=blocks)).raw_text == "ab"


def test_what_a_server_puts_where_text_belongs_becomes_text() -> None:
    message = AIMessage(
        "", additional_kwargs={"refusal": True}, response_metadata={"finish_reason": 3, "model_name": []}
    )
    answer = read_answer(message)
    assert (answer.refusal, answer.finish_reason, answer.model_name) == ("True", "3", "[]")


_ARGUMENTS = {"input_text": "größer", "label": "A", "misleading_label": "B"}


def test_an_answer_by_a_tool_call_is_the_calls_arguments() -> None:
    calls = [ToolCall(name="example", args=_ARGUMENTS, id="1"), ToolCall(name="example", args={}, id="2")]
    answer = read_answer(AIMessage("Here it is.", tool_calls=calls))
    assert answer.raw_text == '{"input_text": "größer", "label": "A", "misleading_label": "B"}'


def test_arguments_that_are_no_json_are_kept_as_they_came() -> None:
    broken = invalid_tool_call(name="example", args='{"input_text": "a te', id="1", error="no JSON")
    assert read_answer(AIMessage("", invalid_tool_calls=[broken])).raw_text == '{"input_text": "a te'


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"finish_reason": "stop"}, "stop"),
        ({"stop_reason": "end_turn"}, "stop"),
        ({"stop_reason": "tool_use"}, "stop"),
        ({"finish_reason": "STOP"}, "stop"),
        ({"stop_reason": "max_tokens"}, "length"),
        ({"finish_reason": "MAX_TOKENS"}, "length"),
        ({"done_reason": "length"}, "length"),
        ({"stopReason": "max_tokens"}, "length"),
        ({"finish_reason": "SAFETY"}, "content_filter"),
        ({"finish_reason": "Safety"}, "content_filter"),
        ({"finish_reason": "FinishReason.PROHIBITED_CONTENT"}, "content_filter"),
        ({"finish_reason": "content_filter: PROHIBITED_CONTENT"}, "content_filter"),
        ({"finish_reason": "sensitive"}, "content_filter"),
        ({"finish_reason": "ERROR_TOXIC"}, "content_filter"),
        ({"finish_reason": None, "stop_reason": "max_tokens"}, "length"),
        ({"finish_reason": "a new one"}, "a new one"),
    ],
)
def test_why_a_model_stopped_is_told_in_one_set_of_words(metadata: dict[str, Any], reason: str) -> None:
    assert read_answer(AIMessage("x", response_metadata=metadata)).finish_reason == reason


@pytest.mark.parametrize(
    ("metadata", "cause"),
    [
        ({"stop_reason": "max_tokens"}, "truncated"),
        ({"finish_reason": "MAX_TOKENS"}, "truncated"),
        ({"stop_reason": "refusal"}, "refused"),
        ({"finish_reason": "SAFETY"}, "content_filtered"),
    ],
)
def test_other_providers_words_end_under_our_causes(metadata: dict[str, Any], cause: str) -> None:
    answer = read_answer(AIMessage(GOOD[:20], response_metadata=metadata))
    found = parse(completion(answer.raw_text, refusal=answer.refusal, finish_reason=answer.finish_reason), Reply)
    assert isinstance(found, Problem)
    assert found.cause == cause


@pytest.mark.parametrize(("content", "refusal"), [("I won't.", "I won't."), ("", "the model gives no reason")])
def test_a_refusal_by_its_stop_reason_has_words(content: str, refusal: str) -> None:
    assert read_answer(AIMessage(content, response_metadata={"stop_reason": "refusal"})).refusal == refusal
