"""Row ends: where each planned row ended, as one byte a row in plan order; and the table `outcomes` made of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError, TextcatError
from synthetic_textcat.pipelines.quality_report.call_costs import Amounts, CallCosts
from synthetic_textcat.schemas.label_sets import LABELS
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import OUTCOMES, with_columns
from synthetic_textcat.tables import MadeTable, RowTable, in_plan_order, text_hashes
from synthetic_textcat.text.batches import rows_at

NOT_RUN = "not_run"

Mask = NDArray[np.bool_]

_ID = "request_id"
_FINDINGS = "findings"
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
_OUTCOMES = {"examples": "accepted", "surplus": "surplus", "rejected": "rejected", "failed": "failed"}
_REASONS = {"rejected": "reject_reason", "failed": "failure_cause"}


class LedgerError(TextcatError):
    """A row with two outcomes, or a row that is planned twice."""


class End(NamedTuple):
    """Outcome of a row, with the reject reason or failure cause if there is one."""

    outcome: str
    reason: str | None = None

    @property
    def name(self) -> str:
        """The reason, or the outcome of a row without one."""
        return self.reason or self.outcome


@dataclass(frozen=True)
class RowEnds:
    """Ends of all planned rows.

    Attributes:
        codes: Code of each planned row's end, in plan order.
        kinds: End of each code.
    """

    codes: NDArray[np.uint8]
    kinds: Sequence[End]

    def __len__(self) -> int:
        """Number of planned rows."""
        return len(self.codes)

    def has_outcome(self, *outcomes: str) -> Mask:
        """Mask of the rows with one of these outcomes."""
        return self._where([kind.outcome in outcomes for kind in self.kinds])

    def has_name(self, names: Collection[str]) -> Mask:
        """Mask of the rows whose end has one of these names."""
        return self._where([kind.name in names for kind in self.kinds])

    def counts(self) -> dict[End, int]:
        """Number of rows of each end."""
        rows = np.bincount(self.codes, minlength=len(self.kinds)).tolist()
        return dict(zip(self.kinds, rows, strict=True))

    def _where(self, chosen: Sequence[bool]) -> Mask:
        return np.array(chosen, np.bool_)[self.codes]


NO_ENDS = RowEnds(np.empty(0, np.uint8), ())
"""Ends of a plan without rows."""


class _Ends:
    """Codes of ends that are filled in batch by batch."""

    def __init__(self, rows: int) -> None:
        self.codes = np.zeros(rows, np.uint8)
        self._numbers = {End(NOT_RUN): 0}

    def codes_for(self, outcome: str, reasons: "pd.Series[Any] | None", rows: int) -> NDArray[np.uint8]:
        if reasons is None:
            return np.full(rows, self._number(End(outcome)), np.uint8)
        codes, names = pd.factorize(reasons)
        numbers = [self._number(End(outcome, name)) for name in names.tolist()]
        if (codes < 0).any():
            numbers.append(self._number(End(outcome)))  # code -1, the last
        return np.array(numbers, np.uint8)[codes]

    def done(self) -> RowEnds:
        return RowEnds(self.codes, tuple(self._numbers))

    def _number(self, end: End) -> int:
        return self._numbers.setdefault(end, len(self._numbers))


def find_ends(requests: RowTable, tables: Mapping[str, RowTable]) -> RowEnds:
    """Ends of the planned rows, by a merge join of the plan with the tables of outcomes.

    Args:
        requests: The plan.
        tables: `examples`, `surplus`, `rejected` and `failed`, each in plan order. A row in none of them was not run.

    Raises:
        LedgerError: If a row is planned twice or has two outcomes.
        StaleTableError: If a row is not in the plan.
    """
    _refuse_repeated(requests)
    ends = _Ends(len(requests))
    columns = {"requests": [_ID], **{name: [_ID, _REASONS[name]] if name in _REASONS else [_ID] for name in tables}}
    for part in in_plan_order(requests, tables, columns):
        for name, (rows, places) in part.subsets.items():
            if len(twice := np.flatnonzero(ends.codes[places])):
                row = rows[_ID].iloc[int(twice[0])]
                raise LedgerError(f"Row {row} has two outcomes. Next: run `kedro run --pipelines generate` again")
            reasons = rows[_REASONS[name]] if name in _REASONS else None
            ends.codes[places] = ends.codes_for(_OUTCOMES[name], reasons, len(rows))
    return ends.done()


def read_ends(outcomes: RowTable) -> RowEnds:
    """The same from the table `outcomes`, which lists the planned rows in their order."""
    ends = _Ends(len(outcomes))
    start = 0
    for frame in outcomes.frames(["outcome", "reason"]):
        codes = ends.codes[start : start + len(frame)]
        for outcome in frame["outcome"].unique():
            own = (frame["outcome"] == outcome).to_numpy(np.bool_)
            codes[own] = ends.codes_for(outcome, frame["reason"][own], int(own.sum()))
        start += len(frame)
    return ends.done()


def _refuse_repeated(requests: RowTable) -> None:
    """Compares 64-bit hashes of the ids, then the few ids whose hashes are equal."""
    hashes = np.empty(len(requests), np.uint64)
    start = 0
    for frame in requests.frames([_ID]):
        hashes[start : start + len(frame)] = text_hashes(frame[_ID])
        start += len(frame)
    hashes.sort()
    alike = hashes[1:][hashes[1:] == hashes[:-1]]
    if not len(alike):
        return
    ids = pd.concat([frame[_ID][np.isin(text_hashes(frame[_ID]), alike)] for frame in requests.frames([_ID])])
    if ids.duplicated().any():
        raise LedgerError("The plan lists a row twice. Next: run `kedro run --pipelines attribute_sampling` again")


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
