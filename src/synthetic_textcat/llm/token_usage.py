"""Token usage: how many tokens a call read and wrote, from whatever a server puts into `usage`.

Providers agree on names, not on meaning; docs/costs.md has the table. A count is right or it is None: never a guess,
and never a zero in place of a count that is missing.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

_MOST = 2**53
"""Above it a JSON number is no longer exact, and no call takes so many tokens."""

_READ = ("prompt_tokens", "input_tokens")
_WRITTEN = ("completion_tokens", "output_tokens")
_CACHE_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_CACHE_READ = ("cached_tokens", "cache_read", "priority_cache_read", "flex_cache_read")
_CACHE_READ_AT_TOP = ("prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens")
_CACHE_WRITTEN = ("cache_write_tokens", "cache_creation")
_CACHE_WRITTEN_AT_TOP = ("cache_creation_input_tokens",)


class TokenUsage(NamedTuple):
    """What a call took; None where it can't be known.

    Attributes:
        prompt: Tokens read, cached ones included.
        cached: The part of `prompt` that came from the provider's cache.
        completion: Tokens written, thoughts included.
    """

    prompt: int | None
    cached: int | None
    completion: int | None


UNKNOWN = TokenUsage(None, None, None)
NOTHING = TokenUsage(0, 0, 0)


def read_usage(reported: object, has_text: bool) -> TokenUsage:
    """The counts in a usage object, of OpenAI's form or of LangChain's `usage_metadata`. Never raises.

    - No prompt is empty, and no text takes no token: such a 0 stands for a count that is missing.
    - What `total_tokens` leaves beside the parts was written, as thoughts are; if it is exactly the cached tokens, they
      were read, beside a prompt count without them.
    - A total below its parts says nothing: the parts count.

    Args:
        reported: What the server, or a client library, gives.
        has_text: Whether a text came back.
    """
    if not isinstance(reported, dict):  # as JSON and LangChain's typed dicts are
        return UNKNOWN
    prompt = _first(reported, _READ)
    written = _first(reported, _WRITTEN)
    total = count(reported.get("total_tokens"))
    read, stored = _cache(reported)
    beside = None if total is None or prompt is None else total - prompt - (written or 0)
    if prompt is not None and read and beside in {read, read + stored} and beside != _thoughts(reported):
        prompt, beside = prompt + beside, 0
    if not prompt:
        return TokenUsage(None, None, _unless_absent(written, has_text))
    if read is not None and read > prompt:  # then it is no part of what the server calls the prompt
        prompt, read = (None, None) if total is None else (prompt, None)
    if beside is not None and beside > 0:
        written = (written or 0) + beside
    return TokenUsage(prompt, read, _unless_absent(written, has_text))


def is_as_documented(reported: object) -> bool:
    """Whether a usage object of OpenAI's form has a number at each place where a client library expects one."""
    if not isinstance(reported, dict):
        return False
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        if not _is_plain(reported.get(name)):
            return False
    for name in ("prompt_tokens_details", "completion_tokens_details"):
        details = reported.get(name)
        if details is None:
            continue
        if not isinstance(details, dict):
            return False
        for value in details.values():
            if value is not None and not _is_plain(value):
                return False
    return True


def count(value: object) -> int | None:
    """A number of tokens; None for what is none: a text, a boolean, a fraction, below zero, not finite, too large."""
    if type(value) is int:
        return value if 0 <= value <= _MOST else None
    if isinstance(value, float) and value.is_integer():  # as NaN and the infinities are not
        return int(value) if 0 <= value <= _MOST else None
    return None


def _is_plain(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _unless_absent(written: int | None, has_text: bool) -> int | None:
    return None if has_text and not written else written


def _cache(reported: Mapping[Any, Any]) -> tuple[int | None, int]:
    """Tokens read from the cache, if that is said, and tokens written to it."""
    read = stored = None
    for name in _CACHE_DETAILS:
        details = reported.get(name)
        if isinstance(details, dict):
            read = _first(details, _CACHE_READ) if read is None else read
            stored = _first(details, _CACHE_WRITTEN) if stored is None else stored
    if read is None:
        read = _first(reported, _CACHE_READ_AT_TOP)
    if stored is None:
        stored = _first(reported, _CACHE_WRITTEN_AT_TOP)
    return read, stored or 0


def _thoughts(reported: Mapping[Any, Any]) -> int | None:
    details = reported.get("completion_tokens_details")
    return count(details.get("reasoning_tokens")) if isinstance(details, dict) else None


def _first(holder: Mapping[Any, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = holder.get(name)
        if value is not None and (found := count(value)) is not None:
            return found
    return None
