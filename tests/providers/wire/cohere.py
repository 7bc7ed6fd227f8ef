"""Cohere's Chat API, version 2."""

from typing import Any

from tests.providers.wire import cases
from tests.providers.wire.cases import CACHED, PROMPT, WRITTEN, Asked, Said

_WORDS = {401: f"invalid api token {cases.KEY}", 404: "model 'm' not found", 429: "trial limit", 500: "internal error"}


def answer(case: str, asked: Asked) -> Said:  # noqa: ARG001
    """The answer to a request."""
    if (status := cases.ERRORS.get(case)) is not None:
        return Said(status, {"message": _WORDS[status]})
    content: list[dict[str, Any]] = [{"type": "text", "text": cases.CUT_TEXT if case == cases.CUT else cases.TEXT}]
    finish = "MAX_TOKENS" if case == cases.CUT else "COMPLETE"
    if case in (cases.FILTERED, cases.REFUSED):
        content, finish = [{"type": "text", "text": ""}], "ERROR_TOXIC"
    if case == cases.THINKING:
        content = [{"type": "thinking", "thinking": cases.THOUGHTS}, *content]
    tokens = {"input_tokens": PROMPT, "output_tokens": WRITTEN}
    usage = {"billed_units": tokens, "tokens": tokens, "cached_tokens": CACHED}
    return Said(
        200, {"id": "1", "finish_reason": finish, "message": {"role": "assistant", "content": content}, "usage": usage}
    )
