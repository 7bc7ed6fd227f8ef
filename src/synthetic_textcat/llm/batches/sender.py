"""Sender: records, uploads and creates batches, and finds those that a crash left without an id."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import uuid4

from synthetic_textcat.errors import ContentFilteredError, FatalAnswerError, TextcatError, TransportError
from synthetic_textcat.llm.batches.parts import BatchPart
from synthetic_textcat.llm.batches.record import NEVER_SUBMITTED, BatchRecord, SentBatch, now
from synthetic_textcat.llm.batches.service import BatchService, BatchState, MissingResultsError, Orphan
from synthetic_textcat.llm.calls.policy import RetryPolicy
from synthetic_textcat.llm.providers.transport_errors import line_of

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

FOR_NOW = (TransportError, MissingResultsError)
"""Errors after which the same request may succeed: a file that was just uploaded may be unknown for a while."""

_LOOKS = 2
"""Number of searches for a batch, one poll apart, after which it counts as never created: a list may lag behind."""

_LONGEST_LAG_S = 30.0


class BatchSender:
    """Sends parts as batches, each recorded before and after.

    Args:
        service: The provider.
        record: The record of batches.
        retries: Retries of a request without an answer.
        run_id, model: For the record.
        lag_s: Seconds for which a new batch may be missing from the provider's list.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        service: BatchService,
        record: BatchRecord,
        retries: RetryPolicy,
        run_id: str,
        model: str,
        lag_s: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._service = service
        self._record = record
        self._retries = retries
        self._run_id = run_id
        self._model = model
        self._lag_s = lag_s
        self._sleep = sleep
        self._looks: Counter[str] = Counter()
        self._undecided: set[str] = set()

    def is_undecided(self, batch: SentBatch) -> bool:
        """Whether a batch at the provider can be identified as this one only after its end."""
        return batch.intent in self._undecided

    def send(self, part: BatchPart, attempt: int) -> tuple[SentBatch, BatchState | None]:
        """Sends a part; its state is None if the answer was lost, and whether the batch exists shows only later.

        Raises:
            TextcatError: If it can't be sent; what was sent before stays recorded.
        """
        batch = SentBatch(
            intent=uuid4().hex,
            attempt=attempt,
            requests=len(part.rows),
            input_sha256=part.sha256,
            endpoint=self._service.endpoint,
            model=self._model,
            run_id=self._run_id,
            sent_at=now(),
            enqueued=part.enqueued,
            tokens_reserved=part.tokens,
            usd_reserved=part.usd,
        )
        self._record.intend(batch, part.rows)
        try:
            file_id = self._retried(lambda: self._service.upload(part.file, batch.intent))
        except (*FOR_NOW, ContentFilteredError, TextcatError) as error:
            self._record.collected(batch, NEVER_SUBMITTED, {})
            raise _not_sent(error) from error
        try:
            state = self._created(batch, part, file_id)
        except TextcatError:
            self._record.collected(batch, NEVER_SUBMITTED, {})
            raise
        except (*FOR_NOW, ContentFilteredError) as error:  # it may exist: the next run looks for it
            raise _not_sent(error) from error
        if state is None:
            self._note_undecided(batch)
            return batch, None
        batch = self._record.submitted(batch, state.batch_id, file_id)
        logger.info("Sent batch %s: %d requests, attempt %d", state.batch_id, batch.requests, attempt)
        return batch, state

    def adopt(self, unknown: Sequence[SentBatch]) -> list[SentBatch]:
        """Records batches that exist at the provider although no id was recorded; returns those never created.

        Raises:
            TransportError, TextcatError: If the provider can't be asked.
        """
        found = self._found(unknown)
        absent = []
        for batch in unknown:
            if batch.intent in found and found[batch.intent] is None:
                self._note_undecided(batch)
                continue
            self._undecided.discard(batch.intent)
            if (state := found.get(batch.intent)) is not None:
                self._record.submitted(batch, state.batch_id, None, adopted=True)
                logger.info("Adopted batch %s, which was sent by a run that was cut off", state.batch_id)
                continue
            self._looks[batch.intent] += batch.age_s >= self._lag_s
            if self._looks[batch.intent] >= _LOOKS:
                self._record.collected(batch, NEVER_SUBMITTED, {})
                absent.append(batch)
        return absent

    def _found(self, batches: Sequence[SentBatch]) -> dict[str, BatchState | None]:
        """States at the provider of batches without an id."""
        orphans = [
            Orphan(batch.intent, batch.sent_at, batch.requests, partial(self._record.rows, batch)) for batch in batches
        ]
        return self._service.find(orphans, {batch.batch_id for batch in self._record if batch.batch_id is not None})

    def _note_undecided(self, batch: SentBatch) -> None:
        if batch.intent not in self._undecided:
            self._undecided.add(batch.intent)
            logger.warning(
                "Whether a batch of %d requests was created is known once those at the provider have ended; until "
                "then its rows count as in a batch, and are not sent again",
                batch.requests,
            )

    def _created(self, batch: SentBatch, part: BatchPart, file_id: str | None) -> BatchState | None:
        """Creates the batch. If the answer was lost, the batch may exist: it is searched for before another attempt."""
        tries = 0

        def create() -> BatchState | None:
            nonlocal tries
            tries += 1
            if tries > 1:
                self._sleep(min(self._lag_s, _LONGEST_LAG_S))
                found = self._found([batch])
                if batch.intent in found:
                    return found[batch.intent]
            return self._service.create(file_id, part.file, batch.intent)

        return self._retried(create)

    def _retried(self, ask: Callable[[], Result]) -> Result:
        """The result of a request, which is repeated as the policy says if it fails for now."""
        number = 0
        while True:
            number += 1
            try:
                return ask()
            except FOR_NOW as error:
                wait_s = self._retries.wait_s(number, getattr(error, "retry_after_s", None))
                if wait_s is None or not getattr(error, "retryable", True):
                    raise
                logger.info("Tried again in %.1f s: %s", wait_s, line_of(error))
                self._sleep(wait_s)


def _not_sent(error: Exception) -> TextcatError:
    """The error of a batch that was not sent, in one line."""
    if isinstance(error, TextcatError):
        return error
    return FatalAnswerError(
        f"A batch could not be sent: {line_of(error)}. What was sent before is recorded, and goes on. "
        "Next: run the same command again"
    )
