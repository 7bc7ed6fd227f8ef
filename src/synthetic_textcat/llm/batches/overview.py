"""Overview of a project's batches: their state at the provider, and cancellation on demand."""

import logging
from collections.abc import Iterator
from typing import Any

from synthetic_textcat.errors import BatchError, ContentFilteredError, FatalAnswerError, nearest
from synthetic_textcat.llm.batches.classes import service_of
from synthetic_textcat.llm.batches.record import BatchRecord, SentBatch
from synthetic_textcat.llm.batches.sender import FOR_NOW
from synthetic_textcat.llm.batches.service import BatchService, BatchState
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.providers.transport_errors import line_of
from synthetic_textcat.schemas.parameters import LlmParameters

logger = logging.getLogger(__name__)

ALL = "all"
"""Value of `batches.cancel` that cancels each open batch."""


def batches_at_provider(
    record: BatchRecord, spec: ChatModelSpec, llm: LlmParameters, cancel: str | None = None
) -> Iterator[dict[str, Any]]:
    """The batches of a record, each asked for its state if it is open.

    Args:
        record: The record; nothing is written to it: `generate` collects what is done.
        spec: The model, at whose endpoint batches can be asked for.
        llm: Its settings.
        cancel: Id of a batch to cancel, or `all`; None for none.

    Raises:
        BatchError: If there is no such open batch, or the model has no batches.
    """
    batches = list(record)
    to_cancel = _chosen(batches, cancel)
    service = service_of(spec, llm) if any(batch.ended is None for batch in batches) else None
    for batch in batches:
        is_cancelled = batch in to_cancel
        state, words = _state(service, batch, is_cancelled)
        counts = dict(batch.counts)
        done = state.done + state.failed if state is not None else sum(counts.get(x, 0) for x in ("replies", "errors"))
        usd = batch.usd_reserved
        yield {
            "batch": batch.batch_id or f"intent {batch.intent}",
            "intent": batch.intent,
            "state": words,
            "attempt": batch.attempt,
            "of": batch.requests,
            "done": done,
            "sent_at": batch.sent_at,
            "age_s": batch.age_s,
            "usd_reserved": usd,
            "usd_done": None if usd is None else usd * done / batch.requests,
            "is_open": batch.ended is None,
            "is_cancelled_now": is_cancelled,
        }


def _chosen(batches: list[SentBatch], cancel: str | None) -> list[SentBatch]:
    still_open = [batch for batch in batches if batch.ended is None and batch.batch_id is not None]
    if cancel is None:
        return []
    if cancel == ALL:
        return still_open
    if found := [batch for batch in still_open if cancel in (batch.batch_id, batch.intent)]:
        return found
    known = {str(batch.batch_id) for batch in still_open}
    if not known:
        raise BatchError(f"batches.cancel={cancel}: no batch of this project is open")
    raise BatchError(f"batches.cancel={cancel}: no open batch of this project; {nearest(cancel, {*known, ALL})}")


def _state(service: BatchService | None, batch: SentBatch, is_cancelled: bool) -> tuple[BatchState | None, str]:
    """The state at the provider, and its description; of a batch that is not polled only the description."""
    if batch.ended is not None:
        return None, batch.ended.replace("_", " ")
    if service is None or batch.endpoint != service.endpoint:
        return None, f"at {batch.endpoint}"
    if batch.batch_id is None:
        return None, "cut off"
    try:
        state = service.cancel(batch.batch_id) if is_cancelled else service.poll(batch.batch_id)
    except (*FOR_NOW, ContentFilteredError, FatalAnswerError) as error:
        logger.warning("Batch %s can't be asked for: %s", batch.batch_id, line_of(error))
        return None, "unknown"
    return state, state.status
