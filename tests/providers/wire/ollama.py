"""Ollama's own API, `/api/chat`: one JSON object a line where it streams, which it does by default."""

from tests.providers.wire import cases
from tests.providers.wire.cases import PROMPT, WRITTEN, Asked, Said

_WORDS = {401: "unauthorized", 404: "model 'm' not found, try pulling it first", 429: "busy", 500: "llama crashed"}


def answer(case: str, asked: Asked) -> Said:  # noqa: ARG001
    """The answer to a request, in one line."""
    if (status := cases.ERRORS.get(case)) is not None:
        return Said(status, {"error": _WORDS[status]})
    message = {"role": "assistant", "content": cases.CUT_TEXT if case == cases.CUT else cases.TEXT}
    if case == cases.THINKING:
        message["thinking"] = cases.THOUGHTS
    counts = {"prompt_eval_count": PROMPT, "eval_count": WRITTEN, "eval_duration": 1, "total_duration": 1}
    done = {"done": True, "done_reason": "length" if case == cases.CUT else "stop"}
    return Said(200, {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, **done, **counts})
