"""Google's Gemini API, `generateContent`."""

from typing import Any

from tests.providers.wire import cases
from tests.providers.wire.cases import CACHED, PROMPT, WRITTEN, Asked, Said

_NAMES = {401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}
_WORDS = {
    401: f"Request had invalid authentication credentials {cases.KEY}",
    404: "models/m is not found for API version v1beta",
    429: "Resource has been exhausted",
    500: "An internal error has occurred",
}
_THOUGHT = 10


def answer(case: str, asked: Asked) -> Said:
    """The answer to a request; thoughts are counted next to the candidates' tokens."""
    if (status := cases.ERRORS.get(case)) is not None:
        return Said(status, {"error": {"code": status, "message": _WORDS[status], "status": _NAMES[status]}})
    if case == cases.BLOCKED:
        usage = {"promptTokenCount": PROMPT, "totalTokenCount": PROMPT}
        return Said(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage})
    usage = {
        "promptTokenCount": PROMPT,
        "cachedContentTokenCount": CACHED,
        "candidatesTokenCount": WRITTEN - (_THOUGHT if case == cases.THINKING else 0),
        "totalTokenCount": PROMPT + WRITTEN,
    }
    if case == cases.THINKING:
        usage["thoughtsTokenCount"] = _THOUGHT
    parts, finish = _parts(case, asked)
    content = {"role": "model", "parts": parts} if parts else {"role": "model"}
    candidate = {"content": content, "finishReason": finish, "index": 0}
    return Said(200, {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m-served"})


def _parts(case: str, asked: Asked) -> tuple[list[dict[str, Any]], str]:
    if case in (cases.FILTERED, cases.REFUSED):
        return [], "SAFETY"
    if case == cases.CUT:
        return [{"text": cases.CUT_TEXT}], "MAX_TOKENS"
    if case == cases.THINKING:
        return [{"text": cases.THOUGHTS, "thought": True}, {"text": cases.TEXT}], "STOP"
    tools = asked.body.get("tools")
    if tools:
        name = tools[0]["functionDeclarations"][0]["name"]
        return [{"functionCall": {"name": name, "args": cases.ROW}}], "STOP"
    return [{"text": cases.TEXT}], "STOP"
