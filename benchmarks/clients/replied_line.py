"""Journal line of a made reply, which scenarios fill with ids, texts and counts of their own."""

from dataclasses import replace
from typing import Any

from synthetic_textcat.schemas.completions import Completion

_LINE = Completion(
    fingerprint="",
    request_id="",
    attempt=1,
    run_id="0" * 32,
    status="replied",
    raw_text="",
    refusal=None,
    finish_reason="stop",
    prompt_tokens=250,
    cached_tokens=0,
    completion_tokens=90,
    latency_s=0.2,
    model_name="gpt-4o-mini",
    prompt_sha256="0" * 64,
    error=None,
    created_at="2026-01-01T00:00:00.000+00:00",
)


def replied_line(**changes: Any) -> Completion:
    """The line, with these fields replaced."""
    return replace(_LINE, **changes)
