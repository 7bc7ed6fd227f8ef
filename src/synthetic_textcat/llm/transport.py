"""What of a catalog entry's transport is the engine's: how often a call is retried, and its deadline."""

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.calls import DEADLINE_S
from synthetic_textcat.llm.retry_policy import MAX_RETRIES

RETRIES = "max_retries"
_TIMEOUTS = ("timeout", "request_timeout", "default_request_timeout")
_PARTS = ("connect", "read", "write", "pool")
_MOST_RETRIES = 100


def retries_of(kwargs: Mapping[str, Any]) -> int:
    """Calls beyond the first for one reply: `max_retries`, whether the model class knows the name or not.

    Raises:
        ModelSetupError: If it is no such number.
    """
    given = kwargs.get(RETRIES)
    if given is None:
        return MAX_RETRIES
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _MOST_RETRIES:
        return given
    raise _refused(RETRIES, f"a whole number from 0 to {_MOST_RETRIES}")


def deadline_of(kwargs: Mapping[str, Any]) -> float:
    """Seconds that one call may take as a whole: the timeout, under whatever name; the longest of one in parts.

    Raises:
        ModelSetupError: If it is no such number.
    """
    for name in _TIMEOUTS:
        if kwargs.get(name) is not None:
            seconds = [_seconds(name, part) for part in _parts(kwargs[name]) if part is not None]
            return max(seconds, default=DEADLINE_S)
    return DEADLINE_S


def _parts(timeout: Any) -> Iterable[Any]:
    """A number, a list, a mapping, or an object of an HTTP client's such as `httpx.Timeout`."""
    if isinstance(timeout, Mapping):
        return list(timeout.values())
    if isinstance(timeout, list | tuple):
        return timeout
    parts = [getattr(timeout, name) for name in _PARTS if hasattr(timeout, name)]
    return parts or [timeout]


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < float(value) < inf:
        return float(value)
    raise _refused(name, "a number of seconds above 0")


def _refused(name: str, allowed: str) -> ModelSetupError:
    return ModelSetupError(f"{name} of the catalog entry llm must be {allowed}; mend it in catalog_genai.yml")
