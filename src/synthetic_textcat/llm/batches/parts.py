"""Parts: input files of batches, within the provider's limits and the run's cap, written one at a time."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from synthetic_textcat.llm.batches.record import SentRow
from synthetic_textcat.llm.batches.service import BatchLimits
from synthetic_textcat.llm.calls.budget import Budget, TokenBound
from synthetic_textcat.llm.calls.policy import Call, CallPolicy
from synthetic_textcat.llm.prompts.messages import messages_sha256

_BYTES_PER_TOKEN = 3
"""For the estimate of enqueued tokens: English has some 4.5 bytes a token. A provider that counts more says so, and
then parts become smaller."""


@dataclass(slots=True)
class BatchPart:
    """Input file of a batch, on disk without a name: a crash leaves nothing behind.

    Attributes:
        file: The open file, positioned at its beginning.
        rows: Its requests.
        sha256: Hash of the file.
        size_bytes, enqueued: Its size, and the estimate of its prompt tokens.
        tokens, usd: Upper end of the estimated usage; USD None without a price.
    """

    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    rows: list[SentRow] = field(default_factory=list)
    sha256: str = ""
    size_bytes: int = 0
    enqueued: int = 0
    tokens: float = 0.0
    usd: float | None = 0.0


class Parts:
    """Cuts calls into parts. A call that no longer fits is kept for the next part.

    Args:
        calls: Calls that ask for the same attempt, lazily rendered.
        policy: Conversation after bad replies, and the caps.
        line: The line of the input file for a call.
        usage: Upper end of the estimated usage of one request with these bounds, in tokens and USD.
    """

    def __init__(
        self,
        calls: Iterator[Call],
        policy: CallPolicy,
        line: Callable[..., bytes],
        usage: Callable[[TokenBound], tuple[float, float | None]],
    ) -> None:
        self._calls = calls
        self._policy = policy
        self._line = line
        self._usage = usage
        self._prepared = self._lines()
        self._ahead: tuple[bytes, SentRow, float, float | None] | None = None
        self.is_capped = False

    @property
    def is_empty(self) -> bool:
        """Whether all calls have been taken."""
        if self._ahead is None:
            self._ahead = next(self._prepared, None)
        return self._ahead is None

    def next_part(self, limits: BatchLimits, budget: Budget, *, is_alone: bool = True) -> BatchPart | None:
        """The next part; None if there is no call left, or none fits.

        Args:
            limits: What is left of the provider's limits.
            budget: The spending so far, with the amounts that open batches have reserved.
            is_alone: Whether no other batch is open: then one request may be more than the tokens that are left.
        """
        part, digest = BatchPart(), hashlib.sha256()
        while not self.is_empty and self._ahead is not None:
            line, row, tokens, usd = self._ahead
            enqueued = len(line) // _BYTES_PER_TOKEN
            total = part.tokens + tokens, None if part.usd is None or usd is None else part.usd + usd
            self.is_capped = not budget.fits(*total)
            if (
                self.is_capped
                or len(part.rows) >= limits.requests
                or part.size_bytes + len(line) > limits.size_bytes
                or (part.enqueued + enqueued > limits.enqueued_tokens and (part.rows or not is_alone))
            ):
                break
            part.file.write(line)
            digest.update(line)
            part.rows.append(row)
            part.size_bytes += len(line)
            part.enqueued += enqueued
            part.tokens, part.usd = total
            self._ahead = None
        if not part.rows:
            part.file.close()
            return None
        part.file.seek(0)
        part.sha256 = digest.hexdigest()
        return part

    def _lines(self) -> Iterator[tuple[bytes, SentRow, float, float | None]]:
        for call in self._calls:
            attempt = self._policy.attempt(call, call.past)
            bound = self._policy.budget.bound(attempt.messages, call.schema, attempt.max_tokens)
            row = SentRow(
                call.fingerprint,
                call.request_id,
                messages_sha256(attempt.messages),
                attempt.max_tokens,
                bound.prompt,
                bound.completion,
            )
            yield self._line(call, attempt), row, *self._usage(bound)
