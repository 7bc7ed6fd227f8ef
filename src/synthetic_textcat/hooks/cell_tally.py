"""How far a quota is while rows come in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, Rounds, Shortfall, all_cells, cells_of, unnamed
from synthetic_textcat.schemas.rows import plain


@dataclass(slots=True)
class CellTally:
    """Counts rows that look good; checks that need other rows have the last word.

    Attributes:
        cells: By planned row.
        lacking: By cell, rows.
    """

    cells: Mapping[str, Cell]
    lacking: dict[Cell, int]

    @property
    def asked(self) -> int:
        """Cells."""
        return len(self.lacking)

    @property
    def full(self) -> int:
        """Cells that lack no row."""
        return sum(not rows for rows in self.lacking.values())

    @property
    def missing(self) -> int:
        """Rows, in all cells."""
        return sum(self.lacking.values())

    def add(self, request_id: str) -> None:
        """Takes in a good row."""
        cell = self.cells.get(request_id)
        if cell is not None and self.lacking.get(cell):
            self.lacking[cell] -= 1


def cell_tally(
    requests: pd.DataFrame,
    rounds: Rounds | None,
    before: Shortfall | None,
    sampling: AttributeSamplingParameters,
    still_open: Collection[int],
) -> CellTally | None:
    """What is lacking when the calls of a pass begin; None without a quota.

    Args:
        requests: The plan.
        rounds: Of the plan.
        before: What the pass before found.
        sampling: The target and the columns of a cell.
        still_open: Positions of the rows to ask for; others that no pass has judged yet count as good.
    """
    if rounds is None or sampling.target_accepted is None:
        return None
    lacking, judged = dict.fromkeys(all_cells(rounds), sampling.target_accepted), 0
    if before is not None and before.planned_by == rounds.planned_by:
        lacking = dict.fromkeys(lacking, 0) | {unnamed(cell.cell): cell.missing for cell in before.cells}
        judged = sum(rounds.sizes[: before.rounds])
    cells = cells_of(requests, sampling.per)
    open_rows = set(still_open)
    for position in range(judged, len(cells)):
        if position not in open_rows and lacking[cells[position]]:
            lacking[cells[position]] -= 1
    return CellTally(dict(zip(plain(requests["request_id"]), cells, strict=True)), lacking)
