"""Billing of calls without an answer: which of them certainly cost nothing."""

from collections.abc import Iterator

from synthetic_textcat.errors import UnreachableError
from synthetic_textcat.llm.answers import NO_ANSWER, NOT_WORKED_ON, Answer

_FREE_STATUSES = {401, 403, 404, 409, 421, 425, 429, 500, 501, 503, 521, 522, 523, 529}
"""Statuses of a call that no model worked on.

Not among them, since a provider bills for them or may do so (docs/costs.md has the sources): a bad or blocked request
(400, 413, 422), a time-out (408), and what a gateway says of a server behind it that broke off or was too slow (499,
502, 504, 520, 524). Nor is a body with status 200 that can't be read.
"""


def answer_of_failure(failure: Exception) -> Answer:
    """No text, and the tokens taken: none where the call was certainly not worked on, else unknown."""
    never_sent = isinstance(failure, UnreachableError)
    rate_limited = getattr(failure, "cause", None) == "rate_limited"
    refused = any(status in _FREE_STATUSES for status in _statuses(failure))
    return NOT_WORKED_ON if never_sent or rate_limited or refused else NO_ANSWER


def _statuses(error: BaseException | None) -> Iterator[int]:
    """The HTTP statuses of an error and of what it was raised from."""
    seen: set[int] = set()  # an error may be its own cause: `raise error from error`
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        for holder in (error, getattr(error, "response", None)):
            status = getattr(holder, "status_code", None)
            if isinstance(status, int):
                yield status
        error = error.__cause__
