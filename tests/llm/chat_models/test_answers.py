"""What a client library says, as an answer.

Token counts, from whatever a server reports: right or unknown, never wrong, never an exception.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call

from synthetic_textcat.llm.chat_models.answers import (
    UNKNOWN,
    count,
    filtered_answer,
    is_as_documented,
    read_answer,
    read_usage,
)
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Problem, Reply
from tests.llm.builders import completion
from tests.support.chat_models import GOOD
from tests.support.each_case import each_of

_ARGUMENTS = {"input_text": "größer", "label": "A", "misleading_label": "B"}

_OPENAI = {
    "prompt_tokens": 300,
    "completion_tokens": 80,
    "total_tokens": 380,
    "prompt_tokens_details": {"cached_tokens": 256, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
_LANGCHAIN = {"input_tokens": 300, "output_tokens": 80, "total_tokens": 380}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
_NAMES = ["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "cached_tokens"]
_DETAILS = ["prompt_tokens_details", "completion_tokens_details", "input_token_details"]
_COUNTS = st.dictionaries(st.sampled_from([*_NAMES, "reasoning_tokens", "cache_read"]), _JSON | st.integers(0, 50))
_USAGE = st.dictionaries(st.sampled_from([*_NAMES, *_DETAILS]), _JSON | _COUNTS | st.integers(0, 50))


def test_a_prompt_that_a_servers_filter_refuses_costs_its_own_row_only() -> None:
    answer = filtered_answer("Your input was flagged")
    assert answer.finish_reason == "content_filter"
    assert answer.usage == UNKNOWN  # Azure bills for it, and does not say how much
    found = parse(completion("", finish_reason=answer.finish_reason, error=answer.error), Reply)
    assert isinstance(found, Problem)
    assert found.cause == "content_filtered"
    assert "Your input was flagged" in found.detail


@each_of(
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


@each_of("usage", [{"input_tokens": "9", "output_tokens": None}, "9", [], {"input_tokens": {}}])
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


def test_an_answer_by_a_tool_call_is_the_calls_arguments() -> None:
    calls = [ToolCall(name="example", args=_ARGUMENTS, id="1"), ToolCall(name="example", args={}, id="2")]
    answer = read_answer(AIMessage("Here it is.", tool_calls=calls))
    assert answer.raw_text == '{"input_text": "größer", "label": "A", "misleading_label": "B"}'


def test_arguments_that_are_no_json_are_kept_as_they_came() -> None:
    broken = invalid_tool_call(name="example", args='{"input_text": "a te', id="1", error="no JSON")
    assert read_answer(AIMessage("", invalid_tool_calls=[broken])).raw_text == '{"input_text": "a te'


@each_of(
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


@each_of(
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


@each_of(
    ("usage", "counts"),
    [
        # inside: OpenAI, DeepSeek, Mistral, Groq, OpenRouter, vLLM, llama.cpp
        (_OPENAI, (300, 256, 80)),
        ({**_OPENAI, "prompt_tokens_details": None}, (300, None, 80)),
        ({"prompt_tokens": 300, "completion_tokens": 80}, (300, None, 80)),
        (
            {"prompt_tokens": 300, "completion_tokens": 80, "total_tokens": 380, "prompt_cache_hit_tokens": 256},
            (300, 256, 80),
        ),
        # thoughts beside: Gemini's OpenAI-compatible endpoint, xAI
        (
            {
                "prompt_tokens": 300,
                "completion_tokens": 80,
                "total_tokens": 2380,
                "completion_tokens_details": {"reasoning_tokens": 2000},
            },
            (300, None, 2080),
        ),
        ({"prompt_tokens": 20, "completion_tokens": 151, "total_tokens": 553}, (20, None, 533)),
        ({"prompt_tokens": 21, "completion_tokens": 0, "total_tokens": 81}, (21, None, 60)),
        ({"prompt_tokens": 21, "total_tokens": 81}, (21, None, 60)),
        ({"prompt_tokens": 21, "completion_tokens": None, "total_tokens": 81}, (21, None, 60)),
        # thoughts and cache of one size: the thoughts' own count decides
        (
            {
                "prompt_tokens": 300,
                "completion_tokens": 80,
                "total_tokens": 480,
                "prompt_tokens_details": {"cached_tokens": 100},
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            (300, 100, 180),
        ),
        # cached beside, as in Anthropic's own form: the total says so
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 80,
                "total_tokens": 2090,
                "prompt_tokens_details": {"cached_tokens": 2000},
            },
            (2010, 2000, 80),
        ),
        (
            {
                "input_tokens": 10,
                "output_tokens": 80,
                "total_tokens": 2190,
                "cache_read_input_tokens": 2000,
                "cache_creation_input_tokens": 100,
            },
            (2110, 2000, 80),
        ),
        # more cached than read, and a total that does not explain it; or none
        ({**_OPENAI, "prompt_tokens_details": {"cached_tokens": 999}}, (300, None, 80)),
        (
            {"prompt_tokens": 10, "completion_tokens": 80, "prompt_tokens_details": {"cached_tokens": 999}},
            (None, None, 80),
        ),
        # a total below its parts
        ({**_OPENAI, "total_tokens": 5}, (300, 256, 80)),
        ({**_OPENAI, "total_tokens": "380"}, (300, 256, 80)),
        # LangChain's form
        ({**_LANGCHAIN, "input_token_details": {"cache_read": 256}}, (300, 256, 80)),
        ({**_LANGCHAIN, "input_token_details": {"flex_cache_read": 256}}, (300, 256, 80)),
        ({**_LANGCHAIN, "total_tokens": 0}, (300, None, 80)),
        # zeros in place of counts: Ollama for a cached prompt, LangChain where the server says null
        ({"prompt_tokens": 0, "completion_tokens": 80, "total_tokens": 80}, (None, None, 80)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, (None, None, None)),
        ({"prompt_tokens": 300, "completion_tokens": 0}, (300, None, None)),
        # numbers of another type, and what is no number
        ({"prompt_tokens": 300.0, "completion_tokens": 80.0}, (300, None, 80)),
        ({"prompt_tokens": "300", "completion_tokens": 80}, (None, None, 80)),
        ({"prompt_tokens": 300, "completion_tokens": True}, (300, None, None)),
        ({"prompt_tokens": -300, "completion_tokens": 80.5}, (None, None, None)),
        ({"prompt_tokens": float("nan"), "completion_tokens": float("inf")}, (None, None, None)),
        ({"prompt_tokens": 2**53 + 1, "completion_tokens": {"n": 80}}, (None, None, None)),
        ({"prompt_tokens": 300, "completion_tokens": 80, "prompt_tokens_details": "many"}, (300, None, 80)),
        ({"prompt_tokens": 300, "completion_tokens": 80, "completion_tokens_details": [1]}, (300, None, 80)),
        ({}, UNKNOWN),
        (None, UNKNOWN),
        ([], UNKNOWN),
        ("usage", UNKNOWN),
        (7, UNKNOWN),
    ],
)
def test_each_way_of_reporting_is_read(usage: object, counts: tuple[int | None, ...]) -> None:
    assert read_usage(usage, has_text=True) == counts


def test_without_a_text_no_token_may_have_been_written() -> None:
    assert read_usage({"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}, has_text=False) == (9, None, 0)


@given(usage=_USAGE | _JSON, has_text=st.booleans())
def test_nothing_raises_and_no_count_is_out_of_range(usage: Any, has_text: bool) -> None:
    found = read_usage(usage, has_text)
    assert all(x is None or (type(x) is int and 0 <= x <= 2**55) for x in found)
    if found.cached is not None:
        assert found.prompt is not None
        assert found.cached <= found.prompt
    assert found.prompt != 0
    is_as_documented(usage)


@each_of("value", [True, "9", None, -1, 0.5, float("nan"), float("inf"), 2**53 + 1, [9], {"n": 9}])
def test_what_is_no_count_is_none(value: object) -> None:
    assert count(value) is None


@each_of("value", [0, 9, 9.0, 2**53])
def test_a_count_is_a_whole_number(value: float) -> None:
    assert count(value) == value


def test_only_what_openai_documents_goes_to_langchain() -> None:
    assert is_as_documented(_OPENAI)
    assert is_as_documented({**_OPENAI, "completion_tokens_details": None})
    wrongs: list[object] = ["9", None, 9.0, True, {}]
    for wrong in wrongs:
        assert not is_as_documented({**_OPENAI, "total_tokens": wrong})
    assert not is_as_documented({**_OPENAI, "prompt_tokens_details": {"cached_tokens": "4"}})
    assert not is_as_documented({**_OPENAI, "prompt_tokens_details": "4"})
    assert not is_as_documented(None)
