"""Billing of calls without an answer: which of them certainly cost nothing."""

from synthetic_textcat.errors import UnreachableError
from synthetic_textcat.llm.answers import NO_ANSWER, NOT_WORKED_ON, Answer
from synthetic_textcat.llm.client_exceptions import read_exception

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
    source = failure.__cause__
    status = None if source is None or source is failure else read_exception(source).http_status
    return NOT_WORKED_ON if never_sent or rate_limited or status in _FREE_STATUSES else NO_ANSWER
