"""The batch route as nodes use it: rows under way, what a run leaves open, and the table of batches."""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import NamedTuple

from synthetic_textcat.errors import PriceListError
from synthetic_textcat.llm.batches.classes import check_batch_class, service_of
from synthetic_textcat.llm.batches.record import BatchRecord
from synthetic_textcat.llm.batches.route import BatchRoute
from synthetic_textcat.llm.batches.usage import BatchUsage
from synthetic_textcat.llm.calls.open_rows import OpenRow, OpenRows
from synthetic_textcat.llm.calls.policy import Call, CallPolicy
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.schemas.open_calls import Batch
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.prices import PRICE_LIST, PriceList
from synthetic_textcat.schemas.stops import InBatches

logger = logging.getLogger(__name__)


class BatchInputs(NamedTuple):
    """Inputs that the batch route shares with the live route.

    Attributes:
        policy: Conversation after bad replies, judge, limits, caps, retries.
        still_open: The rows that are not settled, and what is known of earlier ones.
        calls: Renders the calls of open rows, lazily.
        prices: Token prices.
    """

    policy: CallPolicy
    still_open: OpenRows
    calls: Callable[[Sequence[OpenRow]], Iterator[Call]]
    prices: PriceList


def ask_in_batches(
    spec: ChatModelSpec, llm: LlmParameters, record: BatchRecord, shared: BatchInputs, rows: Sequence[OpenRow]
) -> Generator[Batch, None, Sequence[OpenRow]]:
    """Asks for rows in batches, and yields journal lines as they are collected.

    Returns:
        Rows for the live route to finish, if `generation.batch_finish` says so.

    Raises:
        BatchError: If the model has no batches, or a batch can't be sent.
        PriceListError: If a cap in USD can't be kept for lack of a batch's price.
    """
    check_batch_class(spec.class_path)
    settings = shared.policy.limits
    if settings.max_cost_usd is not None and shared.prices.rates(llm.model, batch=True) is None:
        raise PriceListError(
            f"There is no price of {llm.model} in a batch in {PRICE_LIST}, so generation.max_cost_usd can't be kept. "
            "Next: add batch_input and batch_output there, or set max_tokens_total or num_examples instead"
        )
    service = service_of(spec, llm)
    elsewhere = {batch.endpoint for batch in record.pending} - {service.endpoint}
    if elsewhere:
        logger.warning(
            "Batches at %s are not collected by this run, which asks %s", ", ".join(elsewhere), service.endpoint
        )
    if not rows and not record.pending:
        return []
    usage = BatchUsage(shared.prices, llm.model, shared.still_open.known)
    in_journal = shared.still_open.in_journal
    route = BatchRoute(service, record, shared.policy, usage, shared.calls, in_journal, llm.model)
    left = yield from route.run(rows)
    return left.rows if settings.batch_finish == "live" and not left.is_capped else []


def without_batches(found: OpenRows, record: BatchRecord, journal: Journal, *, is_live: bool) -> OpenRows:
    """The open rows, for a live run without those at the provider; with the part of each batch that is in the journal.

    Args:
        found: The open rows.
        record: Batches so far.
        journal: Replies so far.
        is_live: Whether rows are asked for by live calls.
    """
    if not record.pending:
        return found
    if is_live:
        rows = found.without(record.under_way())
        if len(rows) < len(found.rows):
            logger.warning(
                "%d rows are in batches at the provider, and are not asked for live. Next: collect them with "
                "generation.mode=batch, also after you have cancelled them (`kedro run --pipelines batches --params "
                "batches.cancel=all`)",
                len(found.rows) - len(rows),
            )
        return found._replace(rows=rows)
    in_journal = {}
    for batch in record.pending:
        fingerprints = list(record.rows(batch))
        lines = zip(fingerprints, journal.completions(fingerprints), strict=True)
        in_journal[batch.intent] = frozenset(
            fingerprint for fingerprint, own in lines if any(line.batch == batch.intent for line in own)
        )
    return found._replace(in_journal=in_journal)


def in_batches_of(record: BatchRecord, endpoint: str) -> InBatches | None:
    """Rows and batches that are still at this provider; None if all is collected."""
    pending = [batch for batch in record.pending if batch.endpoint == endpoint]
    return InBatches(rows=sum(batch.requests for batch in pending), batches=len(pending)) if pending else None
