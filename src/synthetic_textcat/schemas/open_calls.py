"""Open calls: requests without a reply yet, reported with each batch of completions."""

from collections.abc import Iterable
from typing import NamedTuple

from synthetic_textcat.schemas.completions import Completion


class OpenCalls(NamedTuple):
    """Requests without a reply yet.

    Attributes:
        number: Calls in flight.
        oldest_s: Seconds since the oldest of them was sent; 0 if there is none.
        retrying: Rows that wait before their call is repeated.
        batches: State of the batches at the provider, in words; empty without batches.
    """

    number: int = 0
    oldest_s: float = 0.0
    retrying: int = 0
    batches: str = ""


NONE_OPEN = OpenCalls()


class Batch(list[Completion]):
    """Completions as they arrived, with the calls that are still open; without completions if none arrived for a while.

    A generator node has one output. So what the progress line shows goes with the completions, as in `LastBatch`.
    """

    def __init__(self, completions: Iterable[Completion] = (), open_calls: OpenCalls = NONE_OPEN) -> None:
        super().__init__(completions)
        self.open_calls = open_calls
