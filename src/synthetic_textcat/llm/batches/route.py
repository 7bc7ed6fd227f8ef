"""Batch route of a run: sends open rows in parts, waits, collects results, and asks again for failed rows.

In memory are one part at a time and some 80 bytes of each open row. All steps are on disk first (`record.py`), so a
run may end between any two of them, and the same command goes on, on any machine that has the project's data.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from synthetic_textcat.errors import BatchError, ContentFilteredError, FatalAnswerError
from synthetic_textcat.llm.batches.batched_rows import BatchedRows, Numbers
from synthetic_textcat.llm.batches.collector import BatchCollector
from synthetic_textcat.llm.batches.parts import Parts
from synthetic_textcat.llm.batches.record import BatchRecord, SentBatch
from synthetic_textcat.llm.batches.sender import FOR_NOW, BatchSender
from synthetic_textcat.llm.batches.service import (
    ENDED_EARLY,
    FAILED,
    BatchLimits,
    BatchService,
    BatchState,
    MissingResultsError,
)
from synthetic_textcat.llm.batches.usage import BatchUsage
from synthetic_textcat.llm.calls.open_rows import OpenRow
from synthetic_textcat.llm.calls.policy import Call, CallPolicy
from synthetic_textcat.llm.providers.transport_errors import line_of
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.open_calls import Batch, OpenCalls
from synthetic_textcat.schemas.parameters import GenerationParameters

logger = logging.getLogger(__name__)

_MOST_TRIES = 5
"""Number of incomplete fetches of results, one poll apart, after which missing results count as lost."""

_LONGEST_S = 900.0
"""Longest wait between two polls after failures, in seconds."""

_MEGABYTE = 1_000_000


@dataclass(slots=True)
class Left:
    """Rows that the batch route leaves open.

    Attributes:
        rows: Rows without a good reply that may be asked again: for the live route, if that is to finish.
        is_capped: Whether a cap kept rows from being sent.
    """

    rows: Sequence[OpenRow] = ()
    is_capped: bool = False


class Fetching(NamedTuple):
    """A batch that has ended and is being collected, and the fetches that were incomplete."""

    collector: BatchCollector
    tries: int = 0


class BatchRoute:
    """The batches of one run.

    Args:
        service: The provider.
        record: Batches so far.
        policy: Conversation after bad replies, judge, limits, caps, retries.
        usage: Estimated usage of a request.
        calls: Renders the calls of open rows, lazily.
        saved: By intent, fingerprints whose line is in the journal already.
        model: The requested model.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        service: BatchService,
        record: BatchRecord,
        policy: CallPolicy,
        usage: BatchUsage,
        calls: Callable[[Sequence[OpenRow]], Iterator[Call]],
        saved: Mapping[str, frozenset[str]],
        model: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._service = service
        self._record = record
        self._policy = policy
        self._usage = usage
        self._calls = calls
        self._saved = saved
        self._sleep = sleep
        self._settings = policy.limits
        poll_s = self._settings.batch_poll_seconds
        self._sender = BatchSender(service, record, policy.retries, policy.run_id, model, poll_s, sleep)
        self._limits = _limits_of(policy.limits, service.limits)
        self._rows = BatchedRows((), policy.judge)
        self._queue: list[tuple[int, Parts]] = []
        self._call_numbers: Counter[tuple[str, int]] = Counter()
        self._fetching: dict[str, Fetching] = {}
        self._states: dict[str, BatchState] = {}
        self._failed_looks = self._replies = 0
        self._poll_after_s = 0.0
        self._warned: set[str] = set()

    def run(self, rows: Sequence[OpenRow]) -> Generator[Batch, None, Left]:
        """Sends these rows, collects them and earlier batches of this endpoint, and yields journal lines.

        Each chunk of lines must be on disk before the next is asked for.

        Raises:
            TextcatError: If something can't be sent, or a cap can't be kept. What is under way stays recorded.
        """
        for batch in self._pending:
            self._policy.budget.reserve(batch.tokens_reserved, batch.usd_reserved)
        self._rows = BatchedRows(rows, self._policy.judge)
        self._queue = self._parts_of(self._rows.except_for(self._record.under_way()))
        try:
            while True:
                yield from self._look()
                is_capped = self._send()
                if not self._pending and not self._next_round(is_capped):
                    return Left(self._rows.at(self._rows.to_ask_again), is_capped)
                if self._pending:
                    yield Batch((), self._progress())
                    if not self._settings.batch_wait and all(map(self._sender.is_undecided, self._cut_off)):
                        return Left(is_capped=is_capped)
                    self._sleep(self._wait_s())
        except KeyboardInterrupt:
            if self._pending:
                logger.warning("Batches go on at the provider: the same command collects them (docs/batches.md)")
            raise

    @property
    def _pending(self) -> list[SentBatch]:
        return [batch for batch in self._record.pending if batch.endpoint == self._service.endpoint]

    @property
    def _cut_off(self) -> list[SentBatch]:
        """Batches without an id: a run was cut off while sending them."""
        return [batch for batch in self._pending if batch.batch_id is None]

    def _parts_of(self, rows: Numbers) -> list[tuple[int, Parts]]:
        """The rows by attempt, cut into input files."""
        line = self._service.request_line
        return [
            (attempt, Parts(self._calls(own), self._policy, line, self._usage))
            for attempt, own in self._rows.by_attempt(rows)
        ]

    def _next_round(self, is_capped: bool) -> bool:
        """Whether rows remain to be sent once all batches have ended: failed rows, or rows that had no room before."""
        if is_capped:
            return False
        if any(not parts.is_empty for _, parts in self._queue):
            return True
        again = len(self._rows.to_ask_again)
        if not again or self._settings.batch_finish == "live":
            return False
        if not self._replies:
            self._warn(
                f"The last batches brought no reply, so {again} rows are not sent again now. "
                "Next: run the same command again later"
            )
            return False
        self._replies = 0
        self._queue = self._parts_of(self._rows.begin_round())
        return True

    # Sending

    def _send(self) -> bool:
        """Sends parts as long as the provider's limits leave room; True if a cap keeps rows back."""
        for attempt, parts in self._queue:
            while not parts.is_empty:
                enqueued = sum(batch.enqueued for batch in self._pending)
                room = self._limits._replace(enqueued_tokens=self._limits.enqueued_tokens - enqueued)
                part = parts.next_part(room, self._policy.budget, is_alone=not self._pending)
                if part is None:
                    if not self._pending:
                        self._refuse_single(parts)
                    return parts.is_capped
                with part.file:
                    batch, state = self._sender.send(part, attempt)
                if state is not None:
                    self._states[batch.intent] = state
                self._policy.budget.reserve(batch.tokens_reserved, batch.usd_reserved)
        return False

    def _refuse_single(self, parts: Parts) -> None:
        """Raises BatchError if not even one request fits, unless a cap is used up as it should be."""
        if not parts.is_capped:
            raise BatchError(
                "A single request is larger than a batch may be, so nothing more was sent. Next: raise "
                "generation.batch_megabytes"
            )
        if self._policy.budget.is_untouched:
            caps = {name: getattr(self._settings, name) for name in ("max_cost_usd", "max_tokens_total")}
            named = " and ".join(f"generation.{name}={cap:g}" for name, cap in caps.items() if cap is not None)
            raise BatchError(
                f"{named} is below the estimate for a batch of one request, so nothing was sent. Next: raise it, or "
                "run `kedro run --pipelines quote` first, whose replies make the estimate narrower"
            )

    # Collecting

    def _look(self) -> Iterator[Batch]:
        """Polls each open batch once, and collects the batches that have ended."""
        is_failed, self._poll_after_s = False, 0.0
        try:
            if self._cut_off:
                for batch in self._sender.adopt(self._cut_off):
                    self._release(batch)
                    self._queue += self._parts_of(self._rows.open_among(self._record.rows(batch)))
        except (*FOR_NOW, ContentFilteredError, FatalAnswerError) as error:
            is_failed = True
            self._warn(f"Batches that were cut off while being sent can't be looked for: {line_of(error)}")
        for batch in self._pending:
            if batch.batch_id is None:
                continue
            try:
                state = self._service.poll(batch.batch_id)
            except (*FOR_NOW, ContentFilteredError, FatalAnswerError) as error:
                is_failed = True
                self._warn(f"Batch {batch.batch_id} can't be polled for now: {line_of(error)}")
                self._poll_after_s = max(self._poll_after_s, getattr(error, "retry_after_s", None) or 0.0)
                continue
            self._states[batch.intent] = state
            self._poll_after_s = max(self._poll_after_s, state.poll_after_s or 0.0)
            if state.end is not None:
                yield from self._collect(batch, state)
        self._failed_looks = self._failed_looks + 1 if is_failed else 0

    def _collect(self, batch: SentBatch, state: BatchState) -> Iterator[Batch]:
        """Saves the results of a batch; once all are in the journal, records that."""
        collector, tries = self._fetching.get(batch.intent) or Fetching(self._collector(batch))
        self._fetching[batch.intent] = Fetching(collector, tries + 1)
        is_whole, why = not state.lacks_results, ""
        try:
            for chunk in collector.fetched(state):
                yield from self._saved_chunk(chunk, collector)
        except MissingResultsError as error:
            is_whole, why = False, f": {line_of(error)}"
        except (*FOR_NOW, ContentFilteredError, FatalAnswerError) as error:
            self._warn(f"The results of batch {batch.batch_id} can't be fetched for now: {line_of(error)}")
            self._fetching[batch.intent] = Fetching(collector, tries)
            return
        may_lack = is_whole and state.end in (*ENDED_EARLY, FAILED)
        if collector.missing and not may_lack:
            if tries + 1 < _MOST_TRIES:
                return  # result files may appear after the batch has ended, and transfers break off
            self._warn(
                f"Batch {batch.batch_id} ({state.status}) lacks results of {len(collector.missing)} requests, which "
                f"may be billed, and are asked again{why}"
            )
            for chunk in collector.lost():
                yield from self._saved_chunk(chunk, collector)
        self._close(batch, state, collector)

    def _collector(self, batch: SentBatch) -> BatchCollector:
        saved = self._saved.get(batch.intent, frozenset())
        rows = self._record.rows(batch)
        return BatchCollector(self._service, batch, rows, saved, self._policy.run_id, self._call_numbers)

    def _saved_chunk(self, chunk: list[Completion], collector: BatchCollector) -> Iterator[Batch]:
        """Yields a chunk to be saved, then counts and judges it."""
        yield Batch(chunk, self._progress())
        for completion in chunk:
            self._policy.budget.note(completion)
            self._usage.note(completion)
            self._policy.answering.note(completion)
        self._settle(chunk, collector)

    def _settle(self, chunk: list[Completion], collector: BatchCollector) -> None:
        """Queues rows without a good reply for another request, while attempts and retries are left."""
        self._replies += sum(completion.replied for completion in chunk)
        bad: list[tuple[int, Completion]] = []
        for row, completion in self._rows.awaited(chunk):
            if not completion.replied:
                if self._may_retry(completion, collector):
                    self._rows.ask_again(row)
            elif self._policy.judge(completion) is None:
                self._rows.settle(row)
            else:
                bad.append((row, completion))
        self._rows.add_bad_replies(bad, self._settings.max_attempts)

    def _may_retry(self, completion: Completion, collector: BatchCollector) -> bool:
        """Whether a call without a reply, which is counted, is made again by this run."""
        key = (completion.fingerprint, completion.attempt)
        self._call_numbers[key] += 1
        most = self._policy.retries.max_retries
        return completion.fingerprint not in collector.final and self._call_numbers[key] <= most

    def _close(self, batch: SentBatch, state: BatchState, collector: BatchCollector) -> None:
        """Records the end of a batch; requests that were not worked on are open again, unless it was cancelled.

        Raises:
            FatalAnswerError: If the batch was refused as a whole.
        """
        self._record.collected(batch, state.status, dict(collector.counts))
        self._release(batch)
        self._fetching.pop(batch.intent, None)
        said = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in collector.counts.items())
        logger.info("Collected batch %s (%s): %s", batch.batch_id, state.status, said or "nothing")
        left = self._rows.open_among(collector.unanswered)
        if state.is_too_large:
            self._shrink(batch, state, left)
        elif state.end == FAILED:
            raise FatalAnswerError(
                f"The provider refuses batch {batch.batch_id}: {state.error_words or 'it does not say why'}. "
                "Next: fix that, then run the same command again"
            )
        elif state.end == "cancelled":
            self._warn(f"Batch {batch.batch_id} was cancelled: {len(left)} rows are left to the next run")
        else:
            self._rows.ask_again(left)
            self._ask_again_after(collector.earlier)

    def _ask_again_after(self, earlier: Collection[str]) -> None:
        """Queues rows whose bad reply was saved by an earlier run that was then interrupted."""
        self._replies += len(earlier)
        self._rows.ask_again(self._rows.open_among(earlier))

    def _release(self, batch: SentBatch) -> None:
        self._policy.budget.reserve(-batch.tokens_reserved, -(batch.usd_reserved or 0.0))

    def _shrink(self, batch: SentBatch, state: BatchState, rows: Numbers) -> None:
        """Sends the rows of a batch again, in smaller parts, with fewer tokens at the provider at a time."""
        if batch.requests == 1 and not self._pending:
            raise FatalAnswerError(f"The provider takes not even one request: {state.error_words}")
        less = max(1, min(self._limits.enqueued_tokens, batch.enqueued) // 2)
        self._warn(f"{state.error_words} Batches become smaller: {less:,} tokens (generation.batch_enqueued_tokens)")
        self._limits = self._limits._replace(enqueued_tokens=less)
        self._queue = [*self._parts_of(rows), *self._queue]

    # Waiting

    def _wait_s(self) -> float:
        """Seconds until the next poll: as set, longer where the server asks for it, doubled with each failure."""
        poll_s = self._settings.batch_poll_seconds
        backoff_s = poll_s * 2.0 ** min(self._failed_looks, 10)
        return max(min(backoff_s, max(_LONGEST_S, poll_s)), self._poll_after_s)

    def _progress(self) -> OpenCalls:
        """The open batches for the progress line: number, state, requests done, age of the oldest."""
        pending = self._pending
        states = [state for batch in pending if (state := self._states.get(batch.intent)) is not None]
        words = Counter(state.status for state in states)
        said = ", ".join(f"{number} {word}" for word, number in words.items()) or f"{len(pending)} sent"
        done = sum(state.done + state.failed for state in states)
        return OpenCalls(
            number=sum(batch.requests for batch in pending),
            oldest_s=max((batch.age_s for batch in pending), default=0.0),
            batches=f"batches: {said}, {done:,} done" if pending else "",
        )

    def _warn(self, line: str) -> None:
        """Logs each warning once."""
        if line not in self._warned:
            self._warned.add(line)
            logger.warning("%s", line)


def _limits_of(settings: GenerationParameters, own: BatchLimits) -> BatchLimits:
    """The user's limits, in requests and bytes within the provider's."""
    size = own.size_bytes if settings.batch_megabytes is None else int(settings.batch_megabytes * _MEGABYTE)
    return BatchLimits(
        min(settings.batch_requests or own.requests, own.requests),
        min(size, own.size_bytes),
        settings.batch_enqueued_tokens or own.enqueued_tokens,
    )
