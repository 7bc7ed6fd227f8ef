"""Row outcomes: the table `outcomes`, with the end, calls, tokens and cost of each planned row."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.quality_report.call_costs import Amounts, CallCosts
from synthetic_textcat.pipelines.quality_report.row_ends import NOT_RUN, RowEnds
from synthetic_textcat.schemas.label_sets import LABELS
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import OUTCOMES, with_columns
from synthetic_textcat.tables import MadeTable, RowTable, in_plan_order
from synthetic_textcat.text.batches import rows_at

_ID, _FINDINGS = "request_id", "findings"
_TEXTS = ["input_text", "label", LABELS, "misleading_label"]
_PLANNED = ["request_id", "task_id", "language"]
_OF_CALLS = (
    "attempt",
    "status",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "model_name",
    "batch",
    "position",
    "is_configuration",
)


class PaidRows(NamedTuple):
    """Calls, tokens and cost of each planned row, in plan order: 20 bytes a row.

    Attributes:
        attempts: Number of calls.
        tokens, cost: Tokens and USD; NaN if those of a call are unknown.
    """

    attempts: NDArray[np.int32]
    tokens: Amounts
    cost: Amounts


def paid_by_row(planned_calls: RowTable, rows: int, prices: PriceList) -> PaidRows:
    """Number of calls, tokens and cost of each planned row, by the calls of this configuration.

    Args:
        planned_calls: Columns `PLANNED_CALLS`; the calls of a row in the order in which they were made.
        rows: Number of planned rows.
        prices: Token prices.
    """
    paid = PaidRows(np.zeros(rows, np.int32), np.zeros(rows), np.zeros(rows))
    for frame in planned_calls.frames(_OF_CALLS):
        own = frame[frame["is_configuration"].to_numpy(np.bool_)]
        costs, positions = CallCosts(own, prices), own["position"].to_numpy(np.int64)
        tokens = np.where(costs.is_counted, costs.prompt.astype(np.float64) + costs.completion, np.nan)
        np.add.at(paid.attempts, positions, 1)
        np.add.at(paid.tokens, positions, tokens)
        np.add.at(paid.cost, positions, costs.usd)
    return paid


def list_rows(
    requests: RowTable, tables: Mapping[str, RowTable], findings: RowTable, ends: RowEnds, paid: PaidRows
) -> RowTable:
    """The table `outcomes`: one row per planned row, columns `OUTCOMES`, in plan order; made anew by each walk.

    Args:
        requests: The plan.
        tables: `examples`, `surplus` and `rejected`, which have texts and labels.
        findings: Columns `FINDINGS`.
        ends: End of each planned row.
        paid: What each planned row cost; unknown tokens and cost are missing in the table.

    Raises:
        StaleTableError: If a row has completions but no outcome.
    """
    _refuse_unsettled(requests, ends, paid)
    outcomes, reasons = (np.array(names, object) for names in zip(*ends.kinds, strict=True))
    columns = {"requests": _PLANNED, _FINDINGS: ["language_verdict"], **dict.fromkeys(tables, _TEXTS)}

    def make() -> Iterator[pd.DataFrame]:
        for part in in_plan_order(requests, {**tables, _FINDINGS: findings}, columns):
            own = slice(part.start, part.start + len(part.planned))
            codes = ends.codes[own]
            found = {name: rows.set_axis(places - part.start) for name, (rows, places) in part.subsets.items()}
            texts = pd.concat([found[name][_TEXTS] for name in tables])
            made = part.planned[_PLANNED].assign(
                outcome=outcomes[codes],
                reason=reasons[codes],
                **{name: amounts[own] for name, amounts in paid._asdict().items()},
                **{str(name): texts[name] for name in texts},
                language_verdict=found[_FINDINGS]["language_verdict"],
            )
            yield with_columns(made, OUTCOMES)

    return MadeTable(make, OUTCOMES, len(requests))


def _refuse_unsettled(requests: RowTable, ends: RowEnds, paid: PaidRows) -> None:
    unsettled = np.flatnonzero(ends.has_outcome(NOT_RUN) & (paid.attempts > 0))
    if len(unsettled):
        row = rows_at(requests, unsettled[:1], [_ID])[_ID].iloc[0]
        raise StaleTableError(
            f"Row {row} has a reply in the journal, but is neither a candidate nor failed. "
            "Next: run `kedro run --pipelines generate --from-nodes settle_rows`, which makes no calls"
        )
