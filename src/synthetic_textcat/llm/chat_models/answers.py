"""Answers of a chat model in one shape: text, finish reason and token usage, under any provider's names.

Words and field names are data: rows of the provider files (`providers.files`).

Providers agree on names, not on meaning; docs/costs.md has the table. A count is right or it is None: never a guess,
and never a zero in place of a count that is missing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage

from synthetic_textcat.llm.providers.files import provider_facts, thoughts_fields
from synthetic_textcat.llm.replies.json_recovery import whole_value
from synthetic_textcat.llm.replies.thoughts import OPENING
from synthetic_textcat.text.unicode import replace_surrogates

CONTENT_FILTER = "content_filter"
"""OpenAI's word for a reply that a content filter stopped."""

CUT = "length"
"""OpenAI's word for a reply that was cut at the token limit."""

REFUSAL = "refusal"
"""Anthropic's word for a reply that is a refusal."""

_FENCE = re.compile(r"\A\s*```\w*\s*|\s*```\s*\Z")

_MOST = 2**53
"""Above it a JSON number is no longer exact, and no call takes so many tokens."""


class TokenUsage(NamedTuple):
    """Token usage of a call; None where it is unknown.

    Attributes:
        prompt: Tokens read, cached ones included.
        cached: The part of `prompt` that came from the provider's cache.
        completion: Tokens written, thoughts included.
    """

    prompt: int | None
    cached: int | None
    completion: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply of the model; fields as in `Completion`."""

    raw_text: str
    refusal: str | None
    finish_reason: str | None
    usage: TokenUsage
    model_name: str | None
    error: str | None = None


UNKNOWN = TokenUsage(None, None, None)


NO_ANSWER = Answer("", None, None, UNKNOWN, None)
"""Answer of a failed call that the server may have processed and billed."""


NOTHING = TokenUsage(0, 0, 0)


NOT_WORKED_ON = Answer("", None, None, NOTHING, None)
"""Answer of a failed call that certainly used no token."""


def read_answer(message: AIMessage) -> Answer:
    """The answer in a LangChain message; a count that the server did not give is None."""
    metadata = message.response_metadata
    finish_reason = _text(finish_reason_of(metadata))
    raw_text = _raw_text(message, is_cut=finish_reason == CUT)
    blocked = _block_reason(metadata) if finish_reason is None and not raw_text else None
    if blocked is not None:
        finish_reason = CONTENT_FILTER
    refusal = message.additional_kwargs.get("refusal")
    if finish_reason == REFUSAL:
        refusal = refusal or raw_text or "the model gives no reason"
    return Answer(
        raw_text=raw_text,
        refusal=_text(refusal),
        finish_reason=finish_reason,
        usage=_usage_of(message, has_text=bool(raw_text or refusal)),
        model_name=_text(metadata.get("model_name", metadata.get("model"))),
        error=blocked and f"the prompt is blocked: {blocked}",
    )


def _block_reason(metadata: Mapping[str, Any]) -> str | None:
    """Reason for which the provider blocked the prompt, as Google reports it in a reply without candidates."""
    feedback = metadata.get("prompt_feedback")
    said = feedback.get("block_reason") if isinstance(feedback, Mapping) else None
    word = str(said or "").rpartition(".")[2]
    return word if word and "UNSPECIFIED" not in word else None


def filtered_answer(said: str) -> Answer:
    """The answer of a content filter that comes as an error, as many providers refuse one row's prompt.

    Its usage is unknown: Azure, for one, bills for it, and does not say how much.

    Args:
        said: The server's own sentence.
    """
    return Answer("", None, CONTENT_FILTER, UNKNOWN, None, said)


def _usage_of(message: AIMessage, *, has_text: bool) -> TokenUsage:
    """The server's own counts where the class passes them on: LangChain reports 0 where the server reports nothing."""
    of_server = message.response_metadata.get("token_usage")
    is_given = isinstance(of_server, dict) and "prompt_tokens" in of_server
    return read_usage(of_server if is_given else message.usage_metadata, has_text)


def _raw_text(message: AIMessage, is_cut: bool) -> str:
    """The model's text; of an answer by a tool call, that call's arguments; its thoughts if there is nothing else.

    Where the chat template begins the thoughts, vLLM and SGLang take a reply without an end of thoughts for thoughts,
    and leave the text empty. If it is JSON from end to end, the model has not thought at all, and it is the answer;
    other thoughts are marked as such.
    """
    if message.tool_calls:
        return json.dumps(message.tool_calls[0]["args"], ensure_ascii=False, default=str)
    if message.invalid_tool_calls:
        return message.invalid_tool_calls[0]["args"] or ""
    text = message.content if isinstance(message.content, str) else message.text
    thoughts = "" if text.strip() else _thoughts_of(message)
    if not thoughts:
        return text
    is_answer = not is_cut and whole_value(_FENCE.sub("", thoughts)) is not None
    return thoughts if is_answer else OPENING + thoughts


def _thoughts_of(message: AIMessage) -> str:
    """A model's thoughts where its class passes them on: a field next to the text, or blocks of the content."""
    for name in thoughts_fields():
        if isinstance(said := message.additional_kwargs.get(name), str) and said.strip():
            return said
    blocks = message.content if isinstance(message.content, list) else []
    parts = [block.get(block.get("type", "")) for block in blocks if isinstance(block, dict)]
    return "\n".join(part for part in parts if isinstance(part, str) and part.strip())


def _text(value: Any) -> str | None:
    """A server's value in the place of a text, as a text."""
    return None if value is None else str(replace_surrogates(str(value)))


def finish_reason_of(metadata: Mapping[str, Any]) -> str | None:
    """Finish reason, from LangChain's `response_metadata`; None where the server gives none.

    A word that the table does not know is returned unchanged.
    """
    said = next((metadata[name] for name in _finish_fields() if metadata.get(name) is not None), None)
    if said is None:
        return None
    word = str(said).lower().rpartition(".")[2]  # Google's `FinishReason.SAFETY`
    known = known_words()
    return known.get(word) or known.get(word.partition(":")[0].strip()) or str(said)


@cache
def known_words() -> dict[str, str]:
    """Our finish reason for each provider's word."""
    return {row.words: row.meaning for row in provider_facts("finish_reason")}


@cache
def _finish_fields() -> tuple[str, ...]:
    return tuple(row.words for row in provider_facts("finish_field"))


@cache
def _usage_fields(meaning: str) -> tuple[str, ...]:
    """Names at the top of a usage object that hold such a count."""
    named = (row.words for row in provider_facts("usage") if row.meaning == meaning)
    return tuple(name for name in named if "." not in name)


@cache
def _detail_fields(meaning: str) -> tuple[str, ...]:
    """Names within an object of details that hold such a count."""
    named = (row.words.partition(".")[2] for row in provider_facts("usage") if row.meaning == meaning)
    return tuple(dict.fromkeys(filter(None, named)))


@cache
def _details() -> tuple[str, ...]:
    """Names of the objects of details."""
    named = (row.words.partition(".") for row in provider_facts("usage"))
    return tuple(dict.fromkeys(holder for holder, dot, _ in named if dot))


def read_usage(reported: object, has_text: bool) -> TokenUsage:
    """The counts in a usage object, of OpenAI's form or of LangChain's `usage_metadata`. Never raises.

    - No prompt is empty, and no text takes no token: such a 0 stands for a count that is missing.
    - The rest of `total_tokens` beyond the other counts was written, as thoughts are; if it is the cached tokens, they
      were read, and the prompt count is without them.
    - A total below its parts says nothing: the parts count.

    Args:
        reported: What the server, or a client library, gives.
        has_text: Whether a text came back.
    """
    if not isinstance(reported, dict):  # as JSON and LangChain's typed dicts are
        return UNKNOWN
    prompt = _first(reported, _usage_fields("prompt"))
    written = _first(reported, _usage_fields("completion"))
    total = count(reported.get("total_tokens"))
    read, stored = _cache(reported)
    rest = None if total is None or prompt is None else total - prompt - (written or 0)
    if prompt is not None and read and rest in {read, read + stored} and rest != _thoughts(reported):
        prompt, rest = prompt + rest, 0
    if not prompt:
        return TokenUsage(None, None, _unless_absent(written, has_text))
    if read is not None and read > prompt:  # then it is no part of what the server calls the prompt
        prompt, read = (None, None) if total is None else (prompt, None)
    if rest is not None and rest > 0:
        written = (written or 0) + rest
    return TokenUsage(prompt, read, _unless_absent(written, has_text))


def is_as_documented(reported: object) -> bool:
    """Whether a usage object of OpenAI's form has a number at each place where a client library expects one."""
    if not isinstance(reported, dict):
        return False
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        if not _is_plain(reported.get(name)):
            return False
    for name in ("prompt_tokens_details", "completion_tokens_details"):
        details = reported.get(name)
        if details is None:
            continue
        if not isinstance(details, dict):
            return False
        for value in details.values():
            if value is not None and not _is_plain(value):
                return False
    return True


def count(value: object) -> int | None:
    """A number of tokens; None for a text, a boolean, a fraction, or a number below zero, not finite or too large."""
    if type(value) is int:
        return value if 0 <= value <= _MOST else None
    if isinstance(value, float) and value.is_integer():  # as NaN and the infinities are not
        return int(value) if 0 <= value <= _MOST else None
    return None


def _is_plain(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _unless_absent(written: int | None, has_text: bool) -> int | None:
    return None if has_text and not written else written


def _cache(reported: Mapping[Any, Any]) -> tuple[int | None, int]:
    """Tokens read from the cache, if that is said, and tokens written to it."""
    read = stored = None
    for name in _details():
        details = reported.get(name)
        if isinstance(details, dict):
            read = _first(details, _detail_fields("cached")) if read is None else read
            stored = _first(details, _detail_fields("cache_written")) if stored is None else stored
    if read is None:
        read = _first(reported, _usage_fields("cached"))
    if stored is None:
        stored = _first(reported, _usage_fields("cache_written"))
    return read, stored or 0


def _thoughts(reported: Mapping[Any, Any]) -> int | None:
    details = reported.get("completion_tokens_details")
    return count(details.get("reasoning_tokens")) if isinstance(details, dict) else None


def _first(holder: Mapping[Any, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = holder.get(name)
        if value is not None and (found := count(value)) is not None:
            return found
    return None
