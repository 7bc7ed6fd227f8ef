"""Batch service: the contract between the batch route and a provider's adapter.

An adapter is small. It turns calls into request bodies and result lines into answers, and passes five requests on. All
else is the route's: parts, record, caps, waiting, joining, and what a missing or doubled line means. `docs/batches.md`
says how to write one.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, NamedTuple, Protocol

from synthetic_textcat.llm.calls.policy import Attempt, Call
from synthetic_textcat.llm.chat_models.answers import Answer

ENDED_EARLY = ("expired", "cancelled")
"""Ends at which requests without a result were not worked on, and are not billed."""

FAILED = "failed"
"""End of a batch that was refused as a whole."""


class BatchLimits(NamedTuple):
    """Limits of a provider for one batch, with the date of its documentation in the adapter.

    Attributes:
        requests: Most requests in a batch.
        size_bytes: Largest input file.
        enqueued_tokens: Prompt tokens that all open batches of a model may have together.
    """

    requests: int
    size_bytes: int
    enqueued_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """A batch as the provider describes it.

    Attributes:
        batch_id: Its id there.
        status: The provider's word.
        end: `completed`, `expired`, `cancelled` or `failed`; None while it is open.
        intent: The id that went along as metadata; None for a batch of another program.
        total, done, failed: Requests in all, with a reply, and with an error.
        sources: What the results are read from: ids of files, or the batch itself; empty if there are none (yet).
        error_code, error_words: Reason for which the whole batch failed.
        poll_after_s: Seconds that the server asks to wait before the next poll.
    """

    batch_id: str
    status: str
    end: str | None
    intent: str | None = None
    total: int = 0
    done: int = 0
    failed: int = 0
    sources: tuple[str, ...] = ()
    error_code: str = ""
    error_words: str = ""
    poll_after_s: float | None = None

    @property
    def lacks_results(self) -> bool:
        """Whether there must be results that can't be fetched yet."""
        return self.end is not None and self.done + self.failed > 0 and not self.sources

    @property
    def is_too_large(self) -> bool:
        """Whether it failed because too many tokens were enqueued."""
        return self.end == FAILED and self.error_code == "token_limit_exceeded"


class ResultLine(NamedTuple):
    """Line of the results.

    Attributes:
        custom_id: Fingerprint of the request; the only thing by which results are joined.
        body: The reply, or the provider's error.
        http_status: Status of the request; None if it was never made.
        was_made: Whether a model may have worked on it: not for requests of an expired or cancelled batch.
        is_billed: Whether it may be billed: not where the provider says that errors are free.
    """

    custom_id: str
    body: Any
    http_status: int | None
    was_made: bool = True
    is_billed: bool = True


class Orphan(NamedTuple):
    """A batch that may exist at the provider although no id was recorded.

    Attributes:
        intent: Its id in this project, which went along as metadata where the provider has such.
        sent_at: Time of the intent, UTC, ISO 8601.
        requests: Number of its requests.
        fingerprints: Their `custom_id`s, read from disk on demand.
    """

    intent: str
    sent_at: str
    requests: int
    fingerprints: Callable[[], Collection[str]]


class MissingResultsError(Exception):
    """Results that the provider says it does not have (any more)."""


class BatchService(Protocol):
    """A provider's batches. Errors are those of `llm/providers/transport_errors.py`."""

    limits: BatchLimits
    endpoint: str

    def request_line(self, call: Call, attempt: Attempt) -> bytes:
        """The line of the input file for a call, with its fingerprint as `custom_id` and the body of a live call."""

    def upload(self, file: IO[bytes], name: str) -> str | None:
        """Uploads an input file; its id, or None where the file goes along with `create`."""

    def create(self, file_id: str | None, file: IO[bytes], intent: str) -> BatchState:
        """Creates the batch, which is paid for from now on, with the intent as metadata. Never repeated by itself."""

    def find(self, orphans: Sequence[Orphan], taken: Collection[str]) -> dict[str, BatchState | None]:
        """Batches at the provider by intent; None if only a later look can tell whether there is one.

        Args:
            orphans: Batches to look for.
            taken: Ids of batches that are known.
        """

    def poll(self, batch_id: str) -> BatchState:
        """The state of a batch."""

    def cancel(self, batch_id: str) -> BatchState:
        """Requests the cancellation of a batch. Requests that are done by then are billed."""

    def results(self, state: BatchState) -> Iterator[ResultLine]:
        """All lines of all result files, as they come; a line that can't be read is left out.

        Raises:
            MissingResultsError: If a file is not there.
        """

    def answer(self, line: ResultLine) -> Answer:
        """The answer in a line.

        Raises:
            TransportError, ContentFilteredError, TextcatError: If it is an error.
        """
