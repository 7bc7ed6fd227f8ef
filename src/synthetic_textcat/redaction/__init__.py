"""Redaction: detection of secret values in configuration, and their removal from texts."""

from synthetic_textcat.redaction.registry import (
    MASK,
    SHORTEST,
    add_public,
    add_secret,
    mask,
    mask_within,
    short_secrets,
)
from synthetic_textcat.redaction.sources import (
    learn_command_line,
    learn_credentials,
    learn_environment,
    learn_headers,
    learn_settings,
    learn_url,
    redact,
)

__all__ = [
    "MASK",
    "SHORTEST",
    "add_public",
    "add_secret",
    "learn_command_line",
    "learn_credentials",
    "learn_environment",
    "learn_headers",
    "learn_settings",
    "learn_url",
    "mask",
    "mask_within",
    "redact",
    "short_secrets",
]
