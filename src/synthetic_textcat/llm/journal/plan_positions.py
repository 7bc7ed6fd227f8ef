"""Positions in the plan: the planned row of a call, by the call's fingerprint or by the row's id."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.tables import BATCH_ROWS, IdPositions, KeyPositions, RowTable, in_plan_order

Positions = NDArray[np.int64]

_ID, _FINGERPRINT = "request_id", "fingerprint"


class PlanPositions:
    """Position of a planned row by the fingerprint of its call (24 bytes a row) or, on demand, by its id (24 more).

    Args:
        requests: The plan.
        calls: Fingerprint of the call of each planned row, in plan order.
        rows: Rows of a batch of the plan.

    Attributes:
        requests: The plan.
        starts: Position of the first row of each batch of the plan, and the number of rows.

    Raises:
        StaleTableError: If a planned row has no fingerprint: `calls` belongs to another plan.
    """

    def __init__(self, requests: RowTable, calls: RowTable, rows: int = BATCH_ROWS) -> None:
        self.requests, self._batch_rows = requests, rows
        self.starts = [0]
        self._by_fingerprint = KeyPositions(len(requests), self._digests(calls))

    def __len__(self) -> int:
        """Number of planned rows."""
        return self.starts[-1]

    def of_fingerprints(self, fingerprints: Iterable[str]) -> Positions:
        """Position of each call's row; -1 for the call of no planned row, and of another prompt or model."""
        return self._by_fingerprint.find(digests_of(fingerprints))

    def of_ids(self, request_ids: Sequence[str]) -> Positions:
        """Position of each row; -1 for a row that is not planned."""
        return self._by_id.of(request_ids)

    def of_calls(self, frame: pd.DataFrame) -> tuple[Positions, NDArray[np.bool_]]:
        """Position of each call's row in the plan, and whether the call is of this configuration of it.

        Args:
            frame: Calls, with columns request_id and fingerprint.
        """
        positions = self.of_fingerprints(frame[_FINGERPRINT].tolist())
        is_configuration = positions >= 0
        if not is_configuration.all():
            others = np.flatnonzero(~is_configuration)
            positions[others] = self.of_ids(frame[_ID].iloc[others].tolist())
        return positions, is_configuration

    @cached_property
    def _by_id(self) -> "IdPositions":
        return IdPositions(self.requests)

    def _digests(self, calls: RowTable) -> Iterator[NDArray[np.bytes_]]:
        for planned, fingerprints in with_fingerprints(self.requests, calls, rows=self._batch_rows):
            self.starts.append(self.starts[-1] + len(planned))
            yield digests_of(fingerprints.tolist())  # several times as fast as the column's own iterator


def with_fingerprints(
    requests: RowTable, calls: RowTable, columns: Sequence[str] = (), rows: int = BATCH_ROWS
) -> Iterator[tuple[pd.DataFrame, "pd.Series[str]"]]:
    """The plan batch by batch, with the fingerprint of the call of each row.

    Args:
        requests: The plan.
        calls: Fingerprint of the call of each planned row, in plan order.
        columns: Columns of the plan to read; its ids are added.
        rows: Rows of a batch of the plan.

    Raises:
        StaleTableError: If a planned row has no fingerprint: `calls` belongs to another plan.
    """
    wanted = {"requests": columns, "calls": [_FINGERPRINT]}
    for part in in_plan_order(requests, {"calls": calls}, wanted, rows):
        found = part.subsets["calls"]
        if len(found.rows) < len(part.planned):
            missing = np.setdiff1d(np.arange(len(part.planned)), found.places - part.start)[0]
            raise StaleTableError(
                f"Row {part.planned[_ID].iloc[missing]!r} of the dataset 'requests' is not in 'calls': the plan is "
                "newer than the calls. Next: run `kedro run --pipelines generate`, or plan again with the earlier "
                "parameters"
            )
        yield part.planned, found.rows[_FINGERPRINT]
