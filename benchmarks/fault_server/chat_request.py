"""A chat request as the server sees it: who asks for what, and in which words."""

from dataclasses import dataclass
from typing import Any

import orjson

from .draws import digest

CHARACTERS_PER_TOKEN = 4


class BadRequestError(Exception):
    """A body that is no chat request."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One parsed request.

    Attributes:
        model: The model that is asked for.
        prompt: The text of all messages before the model's first own one.
        schema: The JSON Schema of the reply; empty if there is none.
        body_digest: Names the whole request; the order of its keys does not matter.
        row_digest: Names the row by its prompt: the same for all attempts, which may have other seeds.
        text_digest: Names messages and seed: what the reply is a function of.
        heard: Path, query and headers, by name; for echoes.
        conversation_tokens: Estimate for all messages.
        max_tokens: The token limit of the reply; None if none was sent.
    """

    model: str
    prompt: str
    schema: dict[str, Any]
    body_digest: bytes
    row_digest: bytes
    text_digest: bytes
    heard: dict[str, str]
    conversation_tokens: int
    max_tokens: int | None


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return content if isinstance(content, str) else ""


def _schema(body: dict[str, Any]) -> dict[str, Any]:
    response_format = body.get("response_format") or {}
    schema = (response_format.get("json_schema") or {}).get("schema") or {}
    return schema if isinstance(schema, dict) else {}


def read(raw: bytes, heard: dict[str, str]) -> ChatRequest:
    """Parse a body.

    Raises:
        BadRequestError: It is not JSON, or not a chat request that this server serves.
    """
    try:
        body = orjson.loads(raw)
        messages, model, seed = body["messages"], body["model"], body.get("seed")
        first = next((n for n, message in enumerate(messages) if message["role"] == "assistant"), len(messages))
        if body.get("stream"):
            raise BadRequestError("Streaming is not supported by this server.")
        return ChatRequest(
            model=str(model),
            prompt="\n".join(map(_text, messages[:first])),
            schema=_schema(body),
            body_digest=digest(_canonical(body)),
            row_digest=digest(_canonical(messages[:first])),
            text_digest=digest(_canonical([messages, seed])),
            heard=heard,
            conversation_tokens=sum(map(len, map(_text, messages))) // CHARACTERS_PER_TOKEN + 1,
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequestError(f"Not a chat request: {error!r}") from error
