"""Schedule of calls over all workers of a cluster: when they may go out, by requests and tokens a minute."""

from math import inf

_MINUTE_S = 60.0

_BELOW = 1.04
"""Four per cent below the limits: a call may go out a little late, and the way to the server takes a varying time."""

_SAVED_S = 0.2
"""Seconds of the token rate that can be saved up, so that reservations that were too high are not lost."""


_WINDOW_S = 10.0

_LEAST_FOR_WINDOW = 0.96
"""Bound of the token rate for the sake of windows: calls are whole, so ten seconds may hold one beyond their share."""


class CallSchedule:
    """Times of calls, spaced evenly; a state machine without a clock of its own.

    A call's tokens are reserved when its time is given out, and corrected by `adjust` when they are known.

    Args:
        requests_per_minute, tokens_per_minute: None = no limit.
    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._interval_s = 0.0 if requests_per_minute is None else _BELOW * _MINUTE_S / requests_per_minute
        self._token_s = 0.0 if tokens_per_minute is None else _BELOW * _MINUTE_S / tokens_per_minute
        self._next_request = self._next_tokens = -inf

    def gap_s(self, expected: float) -> float:
        """Seconds between two calls that take this many tokens each."""
        return max(self._interval_s, self._seconds_of(expected))

    def take(self, now: float, until: float, expected: float) -> float | None:
        """The next time for a call of this many tokens; None if it is after `until`."""
        due = max(now, self._next_request, self._next_tokens)
        if due > until:
            return None
        self._next_request = due + self._interval_s
        self._next_tokens = max(self._next_tokens, now - _SAVED_S) + self._seconds_of(expected)
        return due

    def adjust(self, tokens: float) -> None:
        """Adds tokens that calls took beyond the reserved ones; a negative number is given back."""
        self._next_tokens += tokens * self._token_s

    def _seconds_of(self, expected: float) -> float:
        """Seconds after a call of this many tokens until the next may follow."""
        seconds = expected * self._token_s
        return seconds / max(_LEAST_FOR_WINDOW, 1 - seconds / _WINDOW_S)
