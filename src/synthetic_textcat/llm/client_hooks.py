"""What we say to the OpenAI client's own retries: take your turn, and don't ask again where no money is left."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached"}
_RETRY_COUNT = "x-stainless-retry-count"
"""The SDK sends it with each request."""

_SHOULD_RETRY = "x-should-retry"
"""The SDK heeds it in an answer; without it, it asks again after any 429."""

_TOO_MANY = 429


def listen_in(client: Any, before_retry: Callable[[], Awaitable[None]]) -> None:
    """Has an HTTP client (httpx2's) await `before_retry` before it sends a request once more."""

    async def before_request(request: Any) -> None:
        if request.headers.get(_RETRY_COUNT, "0") != "0":
            await before_retry()

    async def after_answer(response: Any) -> None:
        if response.status_code == _TOO_MANY and _says_quota(await response.aread()):
            response.headers[_SHOULD_RETRY] = "false"

    client.event_hooks = {"request": [before_request], "response": [after_answer]}


def _says_quota(body: bytes) -> bool:
    try:
        error = json.loads(body)["error"]
        return bool({error.get("code"), error.get("type")} & _QUOTA_CODES)
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
