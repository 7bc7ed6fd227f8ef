"""What makes a prompt template the same one."""

from typing import Any

from synthetic_textcat.hashing import sha256_of


def prompt_sha256(prompt: Any) -> str:
    """Hex sha256 of the canonical JSON of a template's messages, as pairs of role and text with placeholders."""
    messages = getattr(prompt, "messages", None)
    if messages is None:
        return sha256_of(prompt.template)
    return sha256_of([[type(message).__name__, _text_of(message)] for message in messages])


def _text_of(message: Any) -> str:
    return str(getattr(getattr(message, "prompt", message), "template", message))
