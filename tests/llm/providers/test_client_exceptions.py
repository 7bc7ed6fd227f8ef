"""How long a server asks to wait, in all the ways in which servers say it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from synthetic_textcat.llm.providers.client_exceptions import retry_after_s
from tests.support.each_case import each_of

_NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def _wait(headers: dict[str, Any] | None = None, content: Any = None, words: str = "") -> float | None:
    return retry_after_s(headers or {}, content, words, _NOW)


@each_of(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": 7}, 7),
        ({"retry-after": "Thu, 01 Jan 2026 12:01:30 GMT"}, 90),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-remaining-requests": "0"}, 90),
        ({"x-ratelimit-reset-requests": "20ms"}, 0.02),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "149984"}, None),
        ({"x-ratelimit-reset": "1767268860000"}, 60),
        ({"x-ratelimit-reset": "1767268860"}, 60),
        ({"anthropic-ratelimit-requests-reset": "2026-01-01T12:00:20Z"}, 20),
        ({"ratelimit-reset": "12"}, 12),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "Thu, 99 Foo 2026"}, None),
        ({}, None),
    ],
)
def test_headers(headers: dict[str, Any], seconds: float | None) -> None:
    assert _wait(headers) == (None if seconds is None else pytest.approx(seconds))


@each_of(
    ("content", "seconds"),
    [
        ([{"error": {"code": 429, "details": [{"@type": "QuotaFailure"}, {"retryDelay": "37s"}]}}], 37),
        ({"error": {"details": [{"retryDelay": "1.5s"}]}}, 1.5),
        ({"error": "Model is loading", "estimated_time": 20.5}, 20.5),
        ({"error": {"metadata": {"retry_after": 3}}}, 3),
        ({"error": {"details": "none"}}, None),
        ({"estimated_time": {"odd": 1}}, None),
    ],
)
def test_bodies(content: Any, seconds: float | None) -> None:
    assert _wait(content=content) == seconds


@each_of(
    ("words", "seconds"),
    [
        ("Rate limit reached. Please try again in 20s. Contact us", 20),
        ("Please try again in 6m0s.", 360),
        ("Please try again in 1h2m3.5s", 3723.5),
        ("Please try again in 120ms.", 0.12),
        ("Please retry after 26 seconds.", 26),
        ("Please retry after 1 second.", 1),
        ("Please retry in 33.2s.", 33.2),
        ("Please try again later", None),
        ("try again in 5 models", None),
    ],
)
def test_sentences(words: str, seconds: float | None) -> None:
    assert _wait(words=words) == seconds


def test_the_header_goes_before_the_body() -> None:
    assert _wait({"retry-after": "5"}, {"retryDelay": "37s"}, "try again in 20s") == 5


def test_the_servers_own_clock_counts() -> None:
    headers = {"date": "Thu, 01 Jan 2026 12:00:00 GMT", "retry-after": "Thu, 01 Jan 2026 12:00:10 GMT"}
    assert retry_after_s(headers, None, "") == 10
