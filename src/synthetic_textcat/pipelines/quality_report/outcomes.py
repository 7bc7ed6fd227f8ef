"""The outcome of each planned row, with what it cost: what two runs are compared by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.prices import PriceList, total_usd


class Ends(NamedTuple):
    """Where rows ended: request id → row of `examples`, `rejected` or `failed`."""

    accepted: Mapping[str, Mapping[str, Any]]
    rejected: Mapping[str, Mapping[str, Any]]
    failed: Mapping[str, Mapping[str, Any]]


def outcome_rows(
    request_ids: Iterable[str], completions: Iterable[Sequence[Completion]], ends: Ends, prices: PriceList
) -> Iterator[dict[str, Any]]:
    """One row a planned row, columns `OUTCOMES`; cost (USD) is missing where it is not known."""
    for request_id, own in zip(request_ids, completions, strict=True):
        outcome, reason, row = _end_of(request_id, ends)
        if own and outcome == "not_run":
            raise StaleTableError(
                f"Row {request_id} has an answer in the journal, but is neither candidate nor failed. "
                "Next: run `kedro run --pipelines generate --from-nodes settle_rows`, which asks nothing"
            )
        yield {
            "request_id": request_id,
            "outcome": outcome,
            "reason": reason,
            "attempts": len(own),
            "tokens": sum(completion.tokens for completion in own),
            "cost": total_usd(map(prices.cost_usd, own)),
            **{column: row.get(column) for column in ("input_text", "label", "misleading_label")},
        }


def _end_of(request_id: str, ends: Ends) -> tuple[str, str | None, Mapping[str, Any]]:
    if (row := ends.accepted.get(request_id)) is not None:
        return "accepted", None, row
    if (row := ends.rejected.get(request_id)) is not None:
        return "rejected", row["reject_reason"], row
    if (row := ends.failed.get(request_id)) is not None:
        return "failed", row["failure_cause"], row
    return "not_run", None, {}
