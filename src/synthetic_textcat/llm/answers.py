"""What came back from a call, in one shape for every chat model."""

import json
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

from synthetic_textcat.llm.finish_reasons import CONTENT_FILTER, REFUSAL, finish_reason_of
from synthetic_textcat.llm.token_usage import NOTHING, UNKNOWN, TokenUsage, read_usage
from synthetic_textcat.text.unicode_unicode import speakable


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply of the model; fields as in `Completion`."""

    raw_text: str
    refusal: str | None
    finish_reason: str | None
    usage: TokenUsage
    model_name: str | None
    error: str | None = None


NO_ANSWER = Answer("", None, None, UNKNOWN, None)
"""Of a call that may have been worked on, and billed."""

NOT_WORKED_ON = Answer("", None, None, NOTHING, None)
"""Of a call that certainly took no token."""


def read_answer(message: AIMessage) -> Answer:
    """The answer in a LangChain message; a count that the server did not give is None."""
    metadata = message.response_metadata
    raw_text, finish_reason = _raw_text(message), _text(finish_reason_of(metadata))
    refusal = message.additional_kwargs.get("refusal")
    if finish_reason == REFUSAL:
        refusal = refusal or raw_text or "the model gives no reason"
    return Answer(
        raw_text=raw_text,
        refusal=_text(refusal),
        finish_reason=finish_reason,
        usage=_usage_of(message, has_text=bool(raw_text or refusal)),
        model_name=_text(metadata.get("model_name", metadata.get("model"))),
    )


def filtered_answer(said: str) -> Answer:
    """The answer of a content filter that comes as an error, as many providers refuse one row's prompt.

    Its usage is unknown: Azure, for one, bills for it, and does not say how much.

    Args:
        said: The server's own sentence.
    """
    return Answer("", None, CONTENT_FILTER, UNKNOWN, None, said)


def _usage_of(message: AIMessage, *, has_text: bool) -> TokenUsage:
    """The server's own counts where the class passes them on: LangChain's have a 0 where the server is silent."""
    of_server = message.response_metadata.get("token_usage")
    is_given = isinstance(of_server, dict) and "prompt_tokens" in of_server
    return read_usage(of_server if is_given else message.usage_metadata, has_text)


def _raw_text(message: AIMessage) -> str:
    """What the model wrote; where it answered by a tool call, that call's arguments."""
    if message.tool_calls:
        return json.dumps(message.tool_calls[0]["args"], ensure_ascii=False, default=str)
    if message.invalid_tool_calls:
        return message.invalid_tool_calls[0]["args"] or ""
    return message.content if isinstance(message.content, str) else message.text


def _text(value: Any) -> str | None:
    """What a server put where a text belongs, as a text."""
    return None if value is None else str(speakable(str(value)))
