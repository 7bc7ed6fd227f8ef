"""Chat models of LangChain that are neither ours nor OpenAI's, through the engine."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call
from langchain_openai import ChatOpenAI

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.calls.policy import Call
from synthetic_textcat.llm.chat_models.chat import Chat, takes_body
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Completion, Problem, Reply
from tests.llm.builders import BAD, call
from tests.llm.running import policy
from tests.support.chat_models import GOOD
from tests.support.each_case import each_of
from tests.support.langchain_fakes import FAKES, FormlessFake, LosingFake, ToolFake, as_chat, chat_by_path

_WANTED = {"input_text": "a text", "label": "A", "misleading_label": "B"}
_USAGE = UsageMetadata(input_tokens=10, output_tokens=5, total_tokens=15)


def _run(chat: Chat, calls: int = 1, max_attempts: int = 3) -> list[Completion]:
    schema = call().schema  # one schema a task, as in a real run
    rows = [call(f"r{place}") for place in range(calls)]
    asked = (Call(row.request_id, row.fingerprint, row.messages, schema, row.seed) for row in rows)
    return [x for batch in complete(lambda: chat, asked, policy(1, max_attempts=max_attempts)) for x in batch]


def _tool_reply(args: dict[str, Any], **metadata: Any) -> AIMessage:
    tool_call = ToolCall(name="example", args=args, id="1")
    return AIMessage("", tool_calls=[tool_call], usage_metadata=_USAGE, response_metadata=metadata)


def _outcome(completion: Completion) -> str:
    result = parse(completion, Reply)
    return result.cause if isinstance(result, Problem) else "accepted"


@pytest.mark.parametrize(
    ("name", "field", "holding"),
    [
        ("FakeListChatModel", "responses", list),
        ("GenericFakeChatModel", "messages", iter),
        ("FakeMessagesListChatModel", "responses", lambda replies: [AIMessage(reply) for reply in replies]),
    ],
)
@pytest.mark.parametrize("way", ["none", "json_object", "json_schema"])
def test_a_chat_model_of_langchain_core_answers_by_its_class_path(
    name: str, field: str, holding: Callable[[list[str]], Any], way: str
) -> None:
    chat = chat_by_path(f"{FAKES}.{name}", {field: holding([BAD, GOOD])}, structured_output=way)
    completions = _run(chat)
    assert [(x.status, x.raw_text) for x in completions] == [("replied", BAD), ("replied", GOOD)]
    assert [_outcome(x) for x in completions] == ["invalid_json", "accepted"]


def test_a_class_without_structured_output_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    chat = chat_by_path(f"{FAKES}.FakeListChatModel", {"responses": [GOOD]})
    with caplog.at_level(logging.WARNING):
        assert [_outcome(x) for x in _run(chat, calls=5)] == ["accepted"] * 5
    [warning] = caplog.messages
    assert warning.startswith("FakeListChatModel has no structured output")
    assert "replies are validated" in warning
    caplog.clear()
    _run(chat_by_path(f"{FAKES}.FakeListChatModel", {"responses": [GOOD]}, structured_output="none"))
    assert not caplog.messages


@pytest.mark.parametrize("way", ["json_schema", "json_object"])
def test_the_schema_goes_through_with_structured_output_once_a_schema(way: str) -> None:
    model = ToolFake(responses=[_tool_reply(_WANTED, stop_reason="tool_use", model_name="m-1")])
    completions = _run(as_chat(model, structured_output=way), calls=4)
    assert [_outcome(x) for x in completions] == ["accepted"] * 4
    first = completions[0]
    assert (first.prompt_tokens, first.completion_tokens, first.finish_reason) == (10, 5, "stop")
    assert first.model_name == "m-1"
    [tool] = model.bound
    assert tool["function"]["name"] == "example"
    assert tool["function"]["parameters"] == call().schema["schema"]


def test_neither_seed_nor_body_goes_to_another_class() -> None:
    model = ToolFake(responses=[_tool_reply(_WANTED)])
    _run(as_chat(model))
    _run(as_chat(model, structured_output="none"))
    structured, plain = model.sent
    assert structured.keys() == {"tools", "tool_choice"}
    assert plain == {}


def test_a_model_that_answers_in_text_all_the_same_is_read() -> None:
    [completion] = _run(as_chat(ToolFake(responses=[AIMessage(GOOD)])))
    assert _outcome(completion) == "accepted"


@each_of(
    ("message", "raw_text", "cause"),
    [
        (AIMessage("no tool, no JSON", usage_metadata=_USAGE), "no tool, no JSON", "invalid_json"),
        (_tool_reply({"input_text": 3}), '{"input_text": 3}', "schema_violation"),
        (_tool_reply({"input_text": "a te"}, stop_reason="max_tokens"), '{"input_text": "a te"}', "truncated"),
        (
            AIMessage("I won't.", usage_metadata=_USAGE, response_metadata={"stop_reason": "refusal"}),
            "I won't.",
            "refused",
        ),
        (AIMessage("", usage_metadata=_USAGE, response_metadata={"finish_reason": "SAFETY"}), "", "content_filtered"),
        (
            AIMessage(
                "",
                invalid_tool_calls=[invalid_tool_call(name="example", args='{"input_text', id="1", error="no JSON")],
                usage_metadata=_USAGE,
                response_metadata={"stop_reason": "max_tokens"},
            ),
            '{"input_text',
            "truncated",
        ),
    ],
)
def test_a_bad_reply_keeps_its_text_and_its_counts(message: AIMessage, raw_text: str, cause: str) -> None:
    [completion] = _run(as_chat(ToolFake(responses=[message])), max_attempts=1)
    assert (completion.status, completion.raw_text) == ("replied", raw_text)
    assert (completion.prompt_tokens, completion.completion_tokens) == (10, 5)
    assert _outcome(completion) == cause


@pytest.mark.parametrize(
    ("reason", "cause"),
    [("BlockedReason.PROHIBITED_CONTENT", "content_filtered"), ("OTHER", "content_filtered"), (0, "invalid_json")],
)
def test_a_prompt_that_google_blocks_is_filtered(reason: Any, cause: str) -> None:
    message = AIMessage("", response_metadata={"prompt_feedback": {"block_reason": reason}})
    [completion] = _run(as_chat(ToolFake(responses=[message])), max_attempts=1)
    assert (completion.status, _outcome(completion)) == ("replied", cause)
    assert completion.error == ("the prompt is blocked: " + str(reason).rpartition(".")[2] if reason else None)


def test_a_bad_reply_by_a_tool_call_is_asked_again() -> None:
    model = ToolFake(responses=[_tool_reply({"label": "A"}), _tool_reply(_WANTED)])
    assert [_outcome(x) for x in _run(as_chat(model))] == ["schema_violation", "accepted"]


@pytest.mark.parametrize("way", ["raises", "parsed only", "none"])
def test_a_paid_reply_is_kept_whatever_langchains_own_parser_makes_of_it(way: str) -> None:
    thoughts = {"type": "thinking", "thinking": "Let me see: {}", "signature": "s"}
    in_blocks = AIMessage([thoughts, {"type": "text", "text": GOOD}], usage_metadata=_USAGE)
    model = LosingFake(responses=[in_blocks, _tool_reply(_WANTED)], way=way)
    completions = _run(as_chat(model), calls=2)
    assert [(x.status, _outcome(x)) for x in completions] == [("replied", "accepted")] * 2
    assert [x.raw_text for x in completions] == [GOOD, json.dumps(_WANTED)]
    assert [(x.prompt_tokens, x.completion_tokens) for x in completions] == [(10, 5)] * 2


def test_an_error_before_any_reply_stays_that_error() -> None:
    model = LosingFake(responses=[])  # its list is empty, so that the model itself fails
    [completion] = _run(as_chat(model), max_attempts=1)
    assert (completion.status, completion.raw_text) == ("server_error", "")


def test_a_schema_that_a_class_does_not_take_ends_the_run_in_one_line() -> None:
    with pytest.raises(ModelSetupError, match=r"no enums please\. Next: set llm\.structured_output=none"):
        _run(as_chat(FormlessFake(responses=[AIMessage(GOOD)])))


def test_what_is_made_from_chat_openai_is_asked_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kin(ChatOpenAI):
        """As Azure's and other OpenAI-compatible classes are."""

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert takes_body(Kin(model="m"))
    assert not takes_body(ToolFake(responses=[]))

    class BaseChatOpenAI(ToolFake):
        """No relative of it, but for the name."""

    assert not takes_body(BaseChatOpenAI(responses=[]))
