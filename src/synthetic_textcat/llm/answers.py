"""What came back from a call, in one shape for every chat model."""

import json
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

from synthetic_textcat.llm.finish_reasons import CONTENT_FILTER, REFUSAL, finish_reason_of
from synthetic_textcat.llm.unicode import speakable


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply of the model; fields as in `Completion`."""

    raw_text: str
    refusal: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    model_name: str | None
    error: str | None = None


def read_answer(message: AIMessage) -> Answer:
    """The answer in a LangChain message; a count that the server did not give is None."""
    metadata = message.response_metadata
    usage: Any = message.usage_metadata or {}
    raw_text, finish_reason = _raw_text(message), _text(finish_reason_of(metadata))
    refusal = message.additional_kwargs.get("refusal")
    if finish_reason == REFUSAL:
        refusal = refusal or raw_text or "the model gives no reason"
    return Answer(
        raw_text=raw_text,
        refusal=_text(refusal),
        finish_reason=finish_reason,
        prompt_tokens=usage.get("input_tokens"),
        cached_tokens=(usage.get("input_token_details") or {}).get("cache_read"),
        completion_tokens=usage.get("output_tokens"),
        model_name=_text(metadata.get("model_name", metadata.get("model"))),
    )


def filtered_answer(said: str) -> Answer:
    """The answer of a content filter that comes as an error, as many providers refuse one row's prompt.

    Args:
        said: The server's own sentence.
    """
    return Answer("", None, CONTENT_FILTER, 0, 0, 0, None, said)  # it was not even read


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
