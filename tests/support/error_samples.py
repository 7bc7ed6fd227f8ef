"""HTTP answers and exceptions as the rows of the table of providers' errors describe them."""

import json
from typing import Any, NamedTuple

from synthetic_textcat.llm.providers.files import ProviderFact

_EXAMPLE_OF_CLASS = {"2xx": 200, "3xx": 302, "4xx": 418, "5xx": 500}
_BODIES = {
    "empty": ("application/json", ""),
    "html": ("text/html", "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Hi</body></html>"),
    "xml": ("application/xml", '<?xml version="1.0"?><r>no</r>'),
    "stream": ("text/event-stream", 'data: {"choices": []}\n\n'),
    "text": ("text/plain", "it works"),
    "broken": ("application/json", '{"id": "1", "choices": [{"ind'),
    "error": ("application/json", '{"error": {"message": "it failed"}}'),
    "no_reply": ("application/json", '{"id": "1", "object": "chat.completion", "choices": []}'),
    "json": ("application/json", '{"status": "ok"}'),
}


class Sample(NamedTuple):
    """An HTTP answer."""

    status: int
    content_type: str
    body: str


def samples(row: ProviderFact) -> list[Sample]:
    """The answers of a row, one for each status that it names."""
    content_type, body = _BODIES[row.body] if row.body else ("application/json", json.dumps(_json_of(row)))
    statuses = [_EXAMPLE_OF_CLASS.get(each) or int(each) for each in row.status.split()] or [400]
    return [Sample(status, content_type, body) for status in statuses]


def raised(row: ProviderFact) -> Exception:
    """The exception that a row names by its class, with the body as JSON's error has it where the row names one."""
    kind: type[Exception] = type(
        _filled(row.exception), (Exception,), {"doc": _BODIES[row.body][1] if row.body else None}
    )
    return kind(_filled(row.words))


def _json_of(row: ProviderFact) -> dict[str, Any]:
    message = _filled(row.words) or "it failed"
    name, _, number = _filled(row.code).rpartition("=")
    if name == "status_code":
        return {"choices": None, "base_resp": {name: int(number), "status_msg": message}}
    if name:
        return {name: int(number), "error_msg": message}
    return {"error": {"message": message, "code": _filled(row.code) or None}}


def _filled(pattern: str) -> str:
    return pattern.replace("*", "X")
