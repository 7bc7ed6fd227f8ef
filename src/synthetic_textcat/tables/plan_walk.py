"""Merge join in plan order: the plan and tables of some of its rows, walked together batch by batch.

All tables of rows are subsets of the plan in its order, so a join needs no index of all ids.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.tables.arrow_frames import arrow_texts
from synthetic_textcat.tables.row_table import BATCH_ROWS, RowTable

ID = "request_id"

Places = NDArray[np.int64]


class Subset(NamedTuple):
    """Rows of a table that belong to a part of the plan.

    Attributes:
        rows: The rows, with the columns asked for.
        places: Position of each row in the plan, ascending.
    """

    rows: pd.DataFrame
    places: Places


class PlanPart(NamedTuple):
    """A batch of the plan with the rows of other tables that belong to it.

    Attributes:
        start: Position of its first row in the plan.
        planned: The planned rows.
        subsets: Rows of each table, by the table's name.
    """

    start: int
    planned: pd.DataFrame
    subsets: Mapping[str, Subset]


def in_plan_order(
    requests: RowTable,
    tables: Mapping[str, RowTable],
    columns: Mapping[str, Sequence[str]] | None = None,
    rows: int = BATCH_ROWS,
) -> Iterator[PlanPart]:
    """Walks the plan and some subsets of it together.

    Args:
        requests: The plan.
        tables: Subsets of the plan by dataset name, each in plan order, at most one row a request.
        columns: Columns to read, by dataset name (`requests` for the plan); all by default. `request_id` is added.
        rows: Rows of a batch of the plan.

    Raises:
        StaleTableError: If a row of a table is not in the plan, or not in its order.
    """
    wanted = {name: _with_id(names) for name, names in (columns or {}).items()}
    cursors = {name: _Cursor(table, wanted.get(name), rows) for name, table in tables.items()}
    start = 0
    for planned in requests.frames(wanted.get("requests"), rows):
        ids = arrow_texts(planned[ID])
        yield PlanPart(start, planned, {name: cursor.advance(ids, start) for name, cursor in cursors.items()})
        start += len(planned)
    for name, cursor in cursors.items():
        if (left := cursor.first_left()) is not None:
            raise StaleTableError(
                f"Row {left} of the dataset {name!r} is not in the plan, which is newer. "
                "Next: run `kedro run --pipelines generate`"
            )


def plan_places(requests: RowTable, table: RowTable, name: str) -> Places:
    """Position in the plan of each row of a subset of it, which are 8 bytes a row.

    Args:
        requests: The plan.
        table: The subset.
        name: Its dataset name.

    Raises:
        StaleTableError: If a row is not in the plan, or not in its order.
    """
    parts = in_plan_order(requests, {name: table}, {"requests": (), name: ()})
    return np.concatenate([np.empty(0, np.int64), *(part.subsets[name].places for part in parts)])


class _Cursor:
    """Rows of a table that no batch of the plan has taken yet."""

    def __init__(self, table: RowTable, columns: Sequence[str] | None, rows: int) -> None:
        self._empty = table.empty(columns)
        self._frames = table.frames(columns, rows)
        self._left = self._empty

    def advance(self, ids: pa.Array, start: int) -> Subset:
        """Takes the rows that belong to the next batch of the plan."""
        taken, places = [self._empty], [np.empty(0, np.int64)]
        last = -1
        while len(self._left) or self._pull():
            found = pc.index_in(arrow_texts(self._left[ID]), value_set=ids).fill_null(-1).to_numpy().astype(np.int64)
            ascends = np.diff(found, prepend=last) > 0
            end = len(found) if ascends.all() else int(np.argmin(ascends))
            if end:
                taken.append(self._left.iloc[:end])
                places.append(found[:end] + start)
                last = int(found[end - 1])
            self._left = self._left.iloc[end:]
            if len(self._left):
                break
        if len(taken) > 1:
            del taken[0]
        rows = taken[0] if len(taken) == 1 else pd.concat(taken)
        return Subset(rows.reset_index(drop=True), np.concatenate(places))

    def first_left(self) -> Any:
        """Id of the first row that belongs to no batch; None if there is none."""
        return self._left[ID].iloc[0] if len(self._left) or self._pull() else None

    def _pull(self) -> bool:
        self._left = next(self._frames, self._empty)
        return len(self._left) > 0


def _with_id(names: Sequence[str]) -> list[str]:
    return [ID, *(name for name in names if name != ID)]
