"""How long a server asks its clients to wait: Retry-After and its kin in headers and bodies."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|d|h|m|s)", re.IGNORECASE)
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_IN_WORDS = re.compile(
    r"(?:try again|retry)\s+(?:in|after)\s+((?:\d+(?:\.\d+)?\s*(?:ms|[dhms])(?![a-z])\s*)+|\d+(?:\.\d+)?\s*seconds?)",
    re.I,
)
_MILLISECONDS_EPOCH = 1e11
_SECONDS_EPOCH = 1e8


def retry_after_s(headers: Mapping[str, Any], content: Any, words: str, now: datetime | None = None) -> float | None:
    """Seconds until the server wants to be asked again; None where it does not say.

    `Retry-After` (seconds or a date) and `retry-after-ms` go first, then what the body says (Google's `retryDelay`, a
    sentence such as "try again in 6m0s", Hugging Face's `estimated_time`), then the reset times of limits that are used
    up (`x-ratelimit-reset-requests: 1s`, `anthropic-ratelimit-tokens-reset`, ...).

    Args:
        headers: The answer's, by lower-case name.
        content: The body, read from JSON.
        words: What the body says.
        now: The time, for dates in the headers; the server's own `Date` where None.
    """
    now = now or _date(headers.get("date")) or datetime.now(UTC)
    if (seconds := _number(headers.get("retry-after-ms"))) is not None:
        return seconds / 1000
    candidates = (
        _seconds(headers.get("retry-after"), now),
        _from_body(content, 0),
        _from_words(words),
        max(_resets(headers, now), default=None),
    )
    return next((seconds for seconds in candidates if seconds is not None), None)


def _resets(headers: Mapping[str, Any], now: datetime) -> Iterator[float]:
    """The reset times, less those of limits of which something is left."""
    for name, value in headers.items():
        if "ratelimit" in name and "reset" in name:
            left = headers.get(name.replace("reset", "remaining"))
            if left is None or _number(left) == 0:
                seconds = _seconds(value, now)
                if seconds is not None:
                    yield seconds


def _seconds(value: Any, now: datetime) -> float | None:
    """A wait from a number, a duration, a moment since 1970, or a date."""
    number = _number(value)
    if number is not None:
        if number > _MILLISECONDS_EPOCH:
            return max(0.0, number / 1000 - now.timestamp())
        return max(0.0, number - now.timestamp()) if number > _SECONDS_EPOCH else number
    text = str(value or "").strip()
    if text and not _DURATION.sub("", text).strip():
        return _duration(text)
    moment = _date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def _duration(text: str) -> float:
    return sum(float(number) * _UNITS_S[unit.lower()] for number, unit in _DURATION.findall(text))


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(value: Any) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(str(value))
        except (ValueError, TypeError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _from_words(words: str) -> float | None:
    found = _IN_WORDS.search(words)
    if found is None:
        return None
    return _duration(re.sub(r"seconds?", "s", found[1], flags=re.IGNORECASE))


def _from_body(content: Any, depth: int) -> float | None:
    if depth > 5:
        return None
    if isinstance(content, list):
        found = (_from_body(each, depth + 1) for each in content[:10])
        return next((seconds for seconds in found if seconds is not None), None)
    if not isinstance(content, dict):
        return None
    for name in ("retryDelay", "retry_after", "estimated_time"):
        seconds = _number(content.get(name))
        if seconds is None and isinstance(content.get(name), str) and _DURATION.fullmatch(content[name].strip()):
            seconds = _duration(content[name])
        if seconds is not None:
            return seconds
    found = (_from_body(content.get(name), depth + 1) for name in ("error", "details", "metadata"))
    return next((seconds for seconds in found if seconds is not None), None)
