"""The retry policy of one call: exponential backoff with full jitter, and the server's `Retry-After`."""

import random
from collections.abc import Callable
from dataclasses import dataclass

MAX_RETRIES = 4
"""Where the catalog does not say."""

_FIRST_S, _LONGEST_S = 1.0, 20.0
"""The longest first wait; it doubles with each retry, up to the longest of all."""

_SPREAD_S = 1.0
"""At most so long after the time that a server names: calls that were told alike do not come back all at once."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a call that brought no reply is made again, and after how long.

    Full jitter: a wait is drawn evenly from zero up to the backoff, so that calls that failed together spread out.

    Attributes:
        max_retries: Calls beyond the first, for one reply.
        max_wait_s: A server that asks for a longer wait is not waited for: the row fails for now.
        jitter: Draws a number from 0 to 1; timing needs no seed.
    """

    max_retries: int = MAX_RETRIES
    max_wait_s: float = 300.0
    jitter: Callable[[], float] = random.random

    def wait_s(self, retry: int, retry_after_s: float | None = None) -> float | None:
        """Seconds before a retry, 1 being the first; None if there is none.

        Args:
            retry: Its number.
            retry_after_s: What the server said; 0 says nothing of use.
        """
        if retry > self.max_retries:
            return None
        if not retry_after_s:
            return self.jitter() * min(_LONGEST_S, _FIRST_S * 2.0 ** (retry - 1))
        if retry_after_s > self.max_wait_s:
            return None
        return retry_after_s + self.jitter() * min(_SPREAD_S, retry_after_s)
