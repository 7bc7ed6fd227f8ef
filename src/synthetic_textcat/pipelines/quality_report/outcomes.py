"""The outcome of each planned row, with what it cost: what two runs are compared by."""

from collections.abc import Iterable, Sequence

import pandas as pd

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.prices import PriceList, total_of
from synthetic_textcat.schemas.rows import OUTCOMES, with_columns

NOT_RUN = "not_run"
PLANNED = ["request_id", "task_id", "language", "language_verdict"]
_PAID = ["attempts", "tokens", "cost"]
_OF_ENDS = {name: kind for name, kind in OUTCOMES.items() if name not in {*PLANNED[1:], *_PAID}}


def ends_of(
    examples: pd.DataFrame, surplus: pd.DataFrame, rejected: pd.DataFrame, failed: pd.DataFrame
) -> pd.DataFrame:
    """Where rows ended: their ids, `outcome`, `reason`, and text and labels where they have some."""
    ends = (
        examples.assign(outcome="accepted", reason=None),
        surplus.assign(outcome="surplus", reason=None),
        rejected.assign(outcome="rejected", reason=rejected["reject_reason"]),
        failed.assign(outcome="failed", reason=failed["failure_cause"]),
    )
    return pd.concat([with_columns(end, _OF_ENDS) for end in ends]).drop_duplicates("request_id")


def outcome_rows(
    planned: pd.DataFrame, completions: Iterable[Sequence[Completion]], ends: pd.DataFrame, prices: PriceList
) -> pd.DataFrame:
    """One row a planned row, columns `OUTCOMES`; tokens and cost (USD) are missing where they are not known.

    Args:
        planned: Columns `PLANNED`, in plan order.
        completions: Of each planned row.
        ends: As `ends_of` has them.
        prices: What tokens cost.

    Raises:
        StaleTableError: If a row has completions and no end.
    """
    paid = [_paid(own, prices) for own in completions]
    rows = planned.merge(ends, on="request_id", how="left")
    if len(paid) != len(rows):
        raise ValueError(f"{len(rows)} rows, but the completions of {len(paid)}")
    rows["outcome"] = rows["outcome"].fillna(NOT_RUN)
    rows[_PAID] = pd.DataFrame(paid, columns=_PAID)
    _refuse_unsettled(rows)
    return with_columns(rows, OUTCOMES)


def _paid(own: Sequence[Completion], prices: PriceList) -> tuple[int, int | None, float | None]:
    tokens = total_of((line.tokens if line.is_counted else None for line in own), 0)
    return len(own), tokens, total_of(map(prices.cost_usd, own), 0.0)


def _refuse_unsettled(rows: pd.DataFrame) -> None:
    unsettled = rows.loc[(rows["outcome"] == NOT_RUN) & (rows["attempts"] > 0), "request_id"]
    if len(unsettled):
        raise StaleTableError(
            f"Row {unsettled.iloc[0]} has an answer in the journal, but is neither candidate nor failed. "
            "Next: run `kedro run --pipelines generate --from-nodes settle_rows`, which asks nothing"
        )
