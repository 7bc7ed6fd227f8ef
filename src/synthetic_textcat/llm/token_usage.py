"""Token usage: how many tokens a call read and wrote, from whatever a server puts into `usage`.

Providers agree on names, not on meaning; docs/costs.md has the table. A count is right or it is None: never a guess,
and never a zero in place of a count that is missing.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_MOST = 2**53
"""Above it a JSON number is no longer exact, and no call takes so many tokens."""

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
    if not isinstance(reported, Mapping):
        return UNKNOWN
    prompt = _first(reported, "prompt_tokens", "input_tokens")
    written = _first(reported, "completion_tokens", "output_tokens")
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
    if not isinstance(reported, Mapping):
        return False
    counts = (reported.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    return all(_is_plain(each) for each in counts) and all(
        details is None or (isinstance(details, Mapping) and all(x is None or _is_plain(x) for x in details.values()))
        for details in (reported.get("prompt_tokens_details"), reported.get("completion_tokens_details"))
    )


def count(value: object) -> int | None:
    """A number of tokens; None for what is none: a text, a boolean, a fraction, below zero, not finite, too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():  # as NaN and the infinities are not, too
        return None
    return int(value) if 0 <= value <= _MOST else None


def _is_plain(value: object) -> bool:
    return isinstance(value, int) and count(value) is not None


def _unless_absent(written: int | None, has_text: bool) -> int | None:
    return None if has_text and not written else written


def _cache(reported: Mapping[Any, Any]) -> tuple[int | None, int]:
    """Tokens read from the cache, if that is said, and tokens written to it."""
    read = next(_counts(reported, _CACHE_READ, _CACHE_READ_AT_TOP), None)
    return read, next(_counts(reported, _CACHE_WRITTEN, _CACHE_WRITTEN_AT_TOP), 0)


def _thoughts(reported: Mapping[Any, Any]) -> int | None:
    details = reported.get("completion_tokens_details")
    return count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else None


def _counts(reported: Mapping[Any, Any], within: tuple[str, ...], at_top: tuple[str, ...]) -> Iterator[int]:
    for details in (reported.get(name) for name in _CACHE_DETAILS):
        if isinstance(details, Mapping) and (found := _first(details, *within)) is not None:
            yield found
    if (found := _first(reported, *at_top)) is not None:
        yield found


def _first(holder: Mapping[Any, Any], *names: str) -> int | None:
    return next((found for name in names if (found := count(holder.get(name))) is not None), None)
