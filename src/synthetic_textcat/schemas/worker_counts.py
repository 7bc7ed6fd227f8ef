"""Worker counts: what a worker has done, in numbers, as it goes to the driver in place of the completions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Self

from synthetic_textcat.schemas.open_calls import Batch, OpenCalls
from synthetic_textcat.schemas.prices import plus


@dataclass(frozen=True, slots=True)
class WorkerCounts:
    """Counts of one shard, or of many; they add up.

    Attributes:
        calls: Journal lines.
        replies: Calls with a reply.
        accepted: Rows whose reply passes the checks of single rows.
        rejected: Rows whose reply does not.
        failed: Rows without a usable reply.
        unanswered: Rows whose last call brought no reply.
        tokens: Read and written by the counted calls.
        usd: What they cost; None once a price is unknown.
        is_made_up: Whether the price is that of the offline model.
        uncounted: Calls of unknown usage.
        timeouts: Calls that timed out.
        timeout_tokens: Upper bound of the tokens of those of unknown usage.
        timeout_usd: Upper bound of their cost; None once a price is unknown.
    """

    calls: int = 0
    replies: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    unanswered: int = 0
    tokens: int = 0
    usd: float | None = 0.0
    is_made_up: bool = False
    uncounted: int = 0
    timeouts: int = 0
    timeout_tokens: int = 0
    timeout_usd: float | None = 0.0

    def plus(self, other: Self) -> Self:
        """Sum of both."""
        return self._joined(other, 1)

    def minus(self, other: Self) -> Self:
        """Difference to the other, earlier counts."""
        return self._joined(other, -1)

    def _joined(self, other: Self, sign: int) -> Self:
        values = {}
        for each in fields(self):
            own, others = getattr(self, each.name), getattr(other, each.name)
            if each.name == "is_made_up":
                values[each.name] = own or others
            else:
                values[each.name] = plus(own, None if others is None else sign * others)
        return type(self)(**values)


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """Share of one worker in a run.

    Attributes:
        shards: Shards that it has finished.
        counts: Of their calls.
    """

    shards: int = 0
    counts: WorkerCounts = field(default_factory=WorkerCounts)

    def plus(self, other: Self) -> Self:
        """Sum of both."""
        return type(self)(self.shards + other.shards, self.counts.plus(other.counts))


class ReportBatch(Batch):
    """A batch without completions: what workers have stored since the last one, and their open calls.

    Attributes:
        counts: New since the last batch.
        by_worker: Share of each worker, by host and process; only in the last batch.
    """

    def __init__(
        self, counts: WorkerCounts, open_calls: OpenCalls, by_worker: Mapping[str, WorkerShare] | None = None
    ) -> None:
        super().__init__((), open_calls)
        self.counts = counts
        self.by_worker = dict(by_worker or {})
