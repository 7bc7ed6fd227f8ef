"""Replies with status 200: good ones, and those whose content is of no use."""

from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from . import labels, poison, several_labels, texts, verdicts
from .chat_request import CHARACTERS_PER_TOKEN, ChatRequest

_CREATED = 1_700_000_000  # fixed, so that the same request gets the same bytes
_REFUSAL = "I'm sorry, but I can't help with that request."


_LISTS: dict[str, Callable[[bytes], list[Any]]] = {"tasks": texts.tasks, "labels": labels.proposed}


class _Message(NamedTuple):
    content: str | None
    refusal: str | None = None
    finish_reason: str = "stop"


def _wanted_list(request: ChatRequest) -> str | None:
    """The name of the list that is asked for in place of a row."""
    if request.schema:
        return next((name for name in _LISTS if list(request.schema.get("properties", {})) == [name]), None)
    return next((name for name in _LISTS if f'"{name}"' in request.prompt or f"field {name}" in request.prompt), None)


def _fields(request: ChatRequest) -> dict[str, Any]:
    if verdicts.are_asked_for(request.prompt, request.schema):
        return dict(verdicts.fields(request.prompt, request.schema))
    if several_labels.are_judged(request.schema):
        return several_labels.verdict(request.prompt, request.schema)
    if several_labels.are_asked_for(request.prompt, request.schema):
        return several_labels.fields(request.prompt, request.schema, request.text_digest)
    if (name := _wanted_list(request)) is not None:
        return {name: _LISTS[name](request.text_digest)}
    label, misleading_label, allowed = labels.find(request.prompt, request.schema, request.text_digest)
    text = texts.input_text((label,), allowed, request.text_digest, request.prompt)
    return {"input_text": text, "label": label, "misleading_label": misleading_label}


def _dumps(fields: dict[str, Any]) -> str:
    return orjson.dumps(fields).decode()


def _good(request: ChatRequest) -> _Message:
    return _Message(_dumps(_fields(request)))


def _broken_json(request: ChatRequest) -> _Message:
    """Prose, or JSON of which no repair can bring back all fields."""
    content = _dumps(_fields(request))
    variants = (
        "Of course. Here is the example that you asked for, I hope that it is of use.",
        content[: len(content) // 3],
        content[: len(content) // 4] + '", "label": , }',
    )
    return _Message(variants[request.text_digest[1] % len(variants)])


def _schema_violation(request: ChatRequest) -> _Message:
    fields = _fields(request)
    name = list(fields)[request.text_digest[1] % len(fields)]
    return _Message(_dumps({**fields, name: [7] if name in _LISTS else 7}))


def _truncated(request: ChatRequest) -> _Message:
    content = _dumps(_fields(request))
    return _Message(content[: len(content) // 2], finish_reason="length")


def _refusal(_: ChatRequest) -> _Message:
    return _Message(None, refusal=_REFUSAL)


def _content_filter(_: ChatRequest) -> _Message:
    return _Message("", finish_reason="content_filter")


def _fenced_key(_: ChatRequest) -> _Message:
    return _Message(poison.fenced_key())


def _repeated_signs(request: ChatRequest) -> _Message:
    return _Message(poison.repeated_signs(request.text_digest))


def _junk(request: ChatRequest) -> _Message:
    return _Message(poison.junk(request.text_digest))


def _echo(request: ChatRequest) -> _Message:
    """Every fourth echo is a refusal, so that both fields are filled."""
    if request.text_digest[4] % 4 == 0:
        return _Message(None, refusal=poison.in_words(request.heard))
    return _Message(poison.echo(_fields(request), request.heard, request.text_digest))


_MESSAGES: dict[str, Callable[[ChatRequest], _Message]] = {
    "broken_json": _broken_json,
    "schema_violation": _schema_violation,
    "refusal": _refusal,
    "truncated": _truncated,
    "content_filter": _content_filter,
    "fenced_key": _fenced_key,
    "repeated_signs": _repeated_signs,
    "junk": _junk,
    "echo_reply": _echo,
}

_THOUGHTS = 2_000
"""Tokens of a hidden chain of thought."""


def _usage(fault: str | None, prompt: str, written: str) -> dict[str, Any] | None:
    counts = _counts(prompt, written)
    total = counts["total_tokens"]
    if fault == "usage_text":
        return {name: str(count) for name, count in counts.items()}
    if fault == "usage_missing":
        return None
    if fault == "usage_null":
        return dict.fromkeys(counts)
    if fault == "thoughts_beside":
        details = {"completion_tokens_details": {"reasoning_tokens": _THOUGHTS}}
        return counts | {"total_tokens": total + _THOUGHTS} | details
    return counts


def _counts(prompt: str, written: str) -> dict[str, Any]:
    prompt_tokens = len(prompt) // CHARACTERS_PER_TOKEN + 1
    completion_tokens = -(-len(written) // CHARACTERS_PER_TOKEN)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": prompt_tokens // 4},
    }


def completion(request: ChatRequest, fault: str | None, answers_as: str | None = None) -> bytes:
    """Write the body of a reply: a pure function of the request and the fault.

    Args:
        request: What was asked.
        fault: One of `REPLY_FAULTS`, or none for a good reply.
        answers_as: The model's name; None = the requested one.
    """
    content, refusal, finish_reason = _MESSAGES.get(fault or "", _good)(request)
    message = {"role": "assistant", "content": content, "refusal": refusal}
    body = {
        "id": f"chatcmpl-{request.body_digest.hex()}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": poison.in_words(request.heard) if fault == "echo_reply" else answers_as or request.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
    }
    usage = _usage(fault, request.prompt, content or refusal or "")
    return orjson.dumps(body if usage is None else body | {"usage": usage})
