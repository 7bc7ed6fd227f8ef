"""Amazon Bedrock's Converse API."""

from typing import Any

from tests.providers.wire import cases
from tests.providers.wire.cases import CACHED, PROMPT, WRITTEN, Asked, Said

_NAMES = {
    401: "UnrecognizedClientException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
}
_STATUSES = {401: 403}
_WORDS = {401: "The security token included in the request is invalid.", 404: "no model m", 429: "slow", 500: "oops"}


def answer(case: str, asked: Asked) -> Said:
    """The answer to a request; cached tokens stand next to `inputTokens`."""
    if (status := cases.ERRORS.get(case)) is not None:
        headers = {"x-amzn-ErrorType": _NAMES[status]}
        return Said(_STATUSES.get(status, status), {"message": _WORDS[status]}, headers)
    content, stop = _content(case, asked)
    usage = {
        "inputTokens": PROMPT - CACHED,
        "outputTokens": WRITTEN,
        "totalTokens": PROMPT + WRITTEN,
        "cacheReadInputTokens": CACHED,
        "cacheWriteInputTokens": 0,
    }
    output = {"message": {"role": "assistant", "content": content}}
    return Said(200, {"output": output, "stopReason": stop, "usage": usage, "metrics": {"latencyMs": 1}})


def _content(case: str, asked: Asked) -> tuple[list[dict[str, Any]], str]:
    if case in (cases.FILTERED, cases.REFUSED, cases.BLOCKED):
        return [{"text": "Sorry, the model cannot answer this."}], "guardrail_intervened"
    if case == cases.CUT:
        return [{"text": cases.CUT_TEXT}], "max_tokens"
    tools = asked.body.get("toolConfig", {}).get("tools")
    used = {"toolUse": {"toolUseId": "t1", "name": tools[0]["toolSpec"]["name"], "input": cases.ROW}} if tools else None
    if case == cases.THINKING:
        thoughts = {"reasoningContent": {"reasoningText": {"text": cases.THOUGHTS, "signature": "s"}}}
        return [thoughts, {"text": cases.TEXT}], "end_turn"
    return ([used], "tool_use") if used else ([{"text": cases.TEXT}], "end_turn")
