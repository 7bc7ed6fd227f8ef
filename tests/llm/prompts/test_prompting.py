"""Prompts are checked before a call is paid for; a bad reply goes back with what was wrong."""

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.calls.policy import judging, retry_conversation
from synthetic_textcat.llm.prompts.messages import check_placeholders, wire_form
from synthetic_textcat.schemas.completions import Problem, Reply, TaskList
from synthetic_textcat.schemas.parameters import GenerationParameters
from tests.llm.builders import BAD, completion

_RETRY = ChatPromptTemplate([("user", "Wrong ({cause}): {problem}.")])
_FIRST = [HumanMessage("Write.")]


def test_an_unknown_placeholder_is_named_with_the_nearest() -> None:
    template = ChatPromptTemplate([("user", "{task} in {langage}")])
    with pytest.raises(PromptError, match=r"Prompt x has the unknown placeholder \{langage\}; did you mean language\?"):
        check_placeholders("x", template, required=["task"], allowed=["language"])


@pytest.mark.parametrize(
    "template",
    [ChatPromptTemplate([("system", "So."), ("user", "{task:d}")]), PromptTemplate.from_template("{task:d}")],
)
def test_a_format_within_a_placeholder_is_refused(template: ChatPromptTemplate | PromptTemplate) -> None:
    with pytest.raises(PromptError, match=r"Prompt x has \{task:d\}, .* Next: write \{task\}, or write \{\{ and \}\}"):
        check_placeholders("x", template, required=["task"], allowed=[])


def test_a_missing_placeholder_is_named() -> None:
    template = ChatPromptTemplate([("user", "Write something.")])
    with pytest.raises(PromptError, match=r"Prompt closed_labels lacks the placeholder \{task\}"):
        check_placeholders("closed_labels", template, required=["task"], allowed=[])


def test_a_prompt_may_leave_out_what_is_only_allowed() -> None:
    check_placeholders("x", ChatPromptTemplate([("user", "{task}")]), required=["task"], allowed=["clarity"])


def test_the_conversation_goes_on_with_the_bad_reply_and_what_was_wrong() -> None:
    messages = retry_conversation(_RETRY)(_FIRST, BAD, Problem("invalid_json", "no JSON object"))
    assert wire_form(messages) == [
        {"role": "user", "content": "Write."},
        {"role": "assistant", "content": BAD},
        {"role": "user", "content": "Wrong (invalid_json): no JSON object."},
    ]
    assert len(_FIRST) == 1


def test_a_row_may_be_asked_again_as_at_first() -> None:
    problem = Problem("invalid_json", "no JSON object")
    assert retry_conversation(_RETRY, "ask_again")(_FIRST, BAD, problem) == _FIRST
    with pytest.raises(PromptError, match=r"lacks the placeholder \{problem\}"):
        retry_conversation(ChatPromptTemplate([("user", "Again.")]), "ask_again")
    asked_again = GenerationParameters(retry="ask_again")
    assert [asked_again.retry_at(temperature) for temperature in (1.0, None, 0.0)] == [
        "ask_again",
        "ask_again",
        "show_reply",  # the same prompt would get the same reply
    ]


def test_an_empty_reply_is_no_empty_message() -> None:
    assert wire_form(retry_conversation(_RETRY)(_FIRST, "", Problem("x", "y")))[1]["content"]


def test_braces_in_replies_and_details_are_text() -> None:
    messages = retry_conversation(_RETRY)(_FIRST, "{label}", Problem("x", "{0} {missing}"))
    assert [message.content for message in messages[1:]] == ["{label}", "Wrong (x): {0} {missing}."]


def test_a_retry_prompt_that_hides_the_problem_is_refused() -> None:
    with pytest.raises(PromptError, match=r"lacks the placeholder \{problem\}"):
        retry_conversation(ChatPromptTemplate([("user", "Again.")]))


def test_a_judge_says_why_a_reply_is_not_what_was_wanted() -> None:
    assert judging(Reply)(completion()) is None
    problem = judging(TaskList)(completion())
    assert problem is not None
    assert problem.cause == "schema_violation"


def test_a_bad_reply_can_go_back_on_the_wire() -> None:
    messages = retry_conversation(_RETRY)(_FIRST, "no \ud83d row", Problem("invalid_json", "none"))
    assert "".join(str(message.content) for message in messages).encode()
