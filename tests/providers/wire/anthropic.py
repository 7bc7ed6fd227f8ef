"""Anthropic's Messages API."""

from typing import Any

from tests.providers.wire import cases
from tests.providers.wire.cases import CACHED, PROMPT, WRITTEN, Asked, Said

_KINDS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 500: "api_error"}
_WORDS = {401: f"invalid x-api-key {cases.KEY}", 404: "model: m", 429: "Slow down", 500: "Internal server error"}


def answer(case: str, asked: Asked) -> Said:
    """The answer to a request; cached tokens stand next to `input_tokens`."""
    if (status := cases.ERRORS.get(case)) is not None:
        return Said(status, {"type": "error", "error": {"type": _KINDS[status], "message": _WORDS[status]}})
    if case == cases.BLOCKED:
        said = {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"}
        return Said(400, {"type": "error", "error": said})
    content, stop = _content(case, asked)
    usage = {
        "input_tokens": PROMPT - CACHED,
        "cache_read_input_tokens": CACHED,
        "cache_creation_input_tokens": 0,
        "output_tokens": WRITTEN,
    }
    reply = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-served"}
    return Said(200, {**reply, "content": content, "stop_reason": stop, "stop_sequence": None, "usage": usage})


def _content(case: str, asked: Asked) -> tuple[list[dict[str, Any]], str]:
    if case == cases.REFUSED:
        return [{"type": "text", "text": cases.REFUSAL}], "refusal"
    if case == cases.CUT:
        return [{"type": "text", "text": cases.CUT_TEXT}], "max_tokens"
    if case == cases.THINKING:
        thoughts = {"type": "thinking", "thinking": cases.THOUGHTS, "signature": "s"}
        return [thoughts, {"type": "text", "text": cases.TEXT}], "end_turn"
    tools = asked.body.get("tools")
    if tools:
        return [{"type": "tool_use", "id": "t1", "name": tools[0]["name"], "input": cases.ROW}], "tool_use"
    return [{"type": "text", "text": cases.TEXT}], "end_turn"
