"""Why a model stopped: each provider has a name of its own for it, and words of its own."""

from collections.abc import Mapping
from typing import Any

_FIELDS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
"""What the field is called by OpenAI and Google, Anthropic, Bedrock, and Ollama."""

REFUSAL = "refusal"
"""Anthropic's word for a reply that is a refusal."""

_OURS = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",  # the tool being the reply's form
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "safety": "content_filter",
    "blocklist": "content_filter",
    "prohibited_content": "content_filter",
    "spii": "content_filter",
    "recitation": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}
"""Their words in ours, which are OpenAI's; what is not here stays as it came."""


def finish_reason_of(metadata: Mapping[str, Any]) -> str | None:
    """Why the model stopped, from LangChain's `response_metadata`; None where the server does not say."""
    said = next((metadata[name] for name in _FIELDS if metadata.get(name) is not None), None)
    return None if said is None else _OURS.get(str(said).lower(), str(said))
