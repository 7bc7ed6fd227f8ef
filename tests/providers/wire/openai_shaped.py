"""Chat completions in OpenAI's form, with the deviations of the vendors that imitate it."""

from typing import Any

from tests.providers.wire.cases import (
    BAD_TOOL,
    BLOCKED,
    CACHED,
    CUT,
    CUT_TEXT,
    ENDLESS,
    ERRORS,
    FILTERED,
    KEY,
    OBJECT_ARGUMENTS,
    PROMPT,
    REFUSAL,
    REFUSED,
    ROW,
    TEXT,
    THINKING,
    THOUGHTS,
    UNTHOUGHT,
    WRITTEN,
    Asked,
    Said,
)

_WORDS = {
    401: f"Incorrect API key provided: {KEY}",
    404: "The model `m` does not exist",
    429: "Rate limit reached",
    500: "The server had an error",
}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded", 500: "server_error"}
_THOUGHTS_IN = {"thinking": "reasoning_content"}


def error(status: int, message: str, code: str, **more: Any) -> Said:
    """An error in OpenAI's form."""
    headers = {"Retry-After": "0"} if status == 429 else {}
    return Said(status, {"error": {"message": message, "type": code, "code": code, "param": None, **more}}, headers)


def answer(case: str, asked: Asked) -> Said:
    """The answer to a request."""
    if (status := ERRORS.get(case)) is not None:
        return error(status, _WORDS[status], _CODES[status])
    if case == BLOCKED:
        return error(400, "The response was filtered due to the prompt triggering our policy", "content_filter")
    if case == BAD_TOOL:
        return error(400, "Failed to call a function.", "tool_use_failed", failed_generation=TEXT)
    message: dict[str, Any] = {"role": "assistant", "content": None}
    finish = "stop"
    if case == REFUSED:
        message["refusal"] = REFUSAL
        message["content"] = ""
    elif case in (UNTHOUGHT, ENDLESS):
        message["content"] = ""
        message["reasoning_content"] = message["reasoning"] = TEXT if case == UNTHOUGHT else THOUGHTS
    elif case == FILTERED:
        message["content"] = ""
        finish = "content_filter"
    else:
        text, finish = (CUT_TEXT, "length") if case == CUT else (TEXT, "stop")
        _say(message, text, asked, as_object=case == OBJECT_ARGUMENTS)
        if case == THINKING:
            message["reasoning_content"] = message["reasoning"] = THOUGHTS
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return Said(
        200,
        {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m-served",
            "system_fingerprint": None,
            "choices": [choice],
            "usage": {
                "prompt_tokens": PROMPT,
                "completion_tokens": WRITTEN,
                "total_tokens": PROMPT + WRITTEN,
                "prompt_tokens_details": {"cached_tokens": CACHED},
            },
        },
    )


def _say(message: dict[str, Any], text: str, asked: Asked, *, as_object: bool) -> None:
    """Puts the text into the message: as a tool call where the request has tools."""
    tools = asked.body.get("tools")
    if not tools:
        message["content"] = text
        return
    name = tools[0]["function"]["name"]
    arguments: Any = ROW if as_object else text
    message["tool_calls"] = [
        {"id": "abcdefghi", "type": "function", "function": {"name": name, "arguments": arguments}}
    ]
