"""Row tables made of others: rows changed, filtered, or grouped by a value."""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.tables.permuted_tables import permuted
from synthetic_textcat.tables.row_table import Columns, RowTable, read_ahead, some_columns
from synthetic_textcat.text.batches import ValueCodes, rows_at


def mapped(
    table: RowTable, function: Callable[[pd.DataFrame], pd.DataFrame], columns: Columns | None = None
) -> RowTable:
    """The rows changed by a function, which is called for each batch, and keeps the number and order of rows.

    Args:
        table: The rows.
        function: Makes a frame of a frame.
        columns: Columns that the function needs; all by default, of which each has to be read.
    """
    return _MappedTable(table, function, columns)


class _MappedTable(RowTable):
    def __init__(
        self, table: RowTable, function: Callable[[pd.DataFrame], pd.DataFrame], needed: Columns | None
    ) -> None:
        self._table, self._function, self._needed = table, function, needed

    @property
    def names(self) -> list[str]:
        return [str(name) for name in self._empty.columns]

    def __len__(self) -> int:
        return len(self._table)

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        return some_columns(self._empty, self._checked(columns))

    @cached_property
    def _empty(self) -> pd.DataFrame:
        return self._function(self._table.empty(self._needed)).iloc[:0]

    def reference(self) -> tuple[Any, ...]:
        return _MappedTable, (self._table, self._function, self._needed)

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        for frame in read_ahead(self._table.frames(self._needed, rows)):
            yield some_columns(self._function(frame), columns).reset_index(drop=True)


def filtered(table: RowTable, mask: NDArray[np.bool_], columns: Columns | None = None) -> RowTable:
    """The rows for which a mask by position is true."""
    return _FilteredTable(table, mask, columns)


class _FilteredTable(RowTable):
    def __init__(self, table: RowTable, mask: NDArray[np.bool_], columns: Columns | None) -> None:
        self._table, self._mask, self._columns = table, mask, columns
        self._rows = int(mask.sum())

    @property
    def names(self) -> list[str]:
        return self._table.names if self._columns is None else list(self._columns)

    def __len__(self) -> int:
        return self._rows

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        return self._table.empty(self._checked(columns))

    def reference(self) -> tuple[Any, ...]:
        return _of_bits, (self._table, np.packbits(self._mask), len(self._mask), self._columns)

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        start = 0
        for frame in self._table.frames(columns, rows):
            keep = self._mask[start : start + len(frame)]
            start += len(frame)
            if keep.any():
                yield frame if keep.all() else frame[keep].reset_index(drop=True)


def _of_bits(table: RowTable, bits: NDArray[np.uint8], rows: int, columns: Columns | None) -> RowTable:
    return _FilteredTable(table, np.unpackbits(bits, count=rows).astype(bool), columns)


class RowGroups:
    """Rows of a table by the value of a column, such as the examples of each task.

    Args:
        table: The rows.
        column: The column of the values.
        parent: Folder for the files; None for that of large temporary files.
    """

    def __init__(self, table: RowTable, column: str, parent: Path | None = None) -> None:
        codes, values = factorized(table, column)
        rank = np.argsort(np.array(values, dtype=object), kind="stable") if values else np.empty(0, np.int64)
        of_value = np.empty(len(values), np.int64)
        of_value[rank] = np.arange(len(values))
        numbers = of_value[codes]
        self.values = [values[place] for place in rank.tolist()]
        """The values, sorted."""
        self.order = np.argsort(numbers, kind="stable")
        """Position in the table of each row of `rows`."""
        self._ends = np.cumsum(np.bincount(numbers, minlength=len(values)))
        self.rows = permuted(table, self.order, parent)
        """All rows, those of the first value first; within it in the order of the table."""
        self._table = table

    def items(self) -> Iterator[tuple[Any, RowTable]]:
        """Each value with its rows, sorted by value."""
        return ((value, self.of(number)) for number, value in enumerate(self.values))

    def factorized(self, column: str) -> tuple[NDArray[np.int32], list[Any]]:
        """Number of the value of each row of `rows` among the distinct ones of a column, and these."""
        codes, values = factorized(self._table, column)
        return codes[self.order], values

    def first(self, column: str) -> list[Any]:
        """The value of a column in the first row of each value of `values`."""
        starts = np.concatenate([np.zeros(1, np.int64), self._ends])[:-1]
        found: list[Any] = rows_at(self._table, self.order[starts], [column])[column].tolist()
        return found

    def bounds(self, number: int) -> tuple[int, int]:
        """First and last-plus-one position in `rows` of the rows of a value, by its number in `values`."""
        return (int(self._ends[number - 1]) if number else 0), int(self._ends[number])

    def of(self, number: int) -> RowTable:
        """The rows of a value, by its number in `values`."""
        return self.rows.range(*self.bounds(number))


def factorized(table: RowTable, *columns: str) -> tuple[NDArray[np.int32], list[Any]]:
    """Number of each row's value among the distinct ones of a column, in order of appearance, and these; -1 for none.

    Of several columns the values are tuples, and none is missing.
    """
    codes = ValueCodes()
    found = [codes.add_factorized(*_factorized_rows(frame)) for frame in table.frames(list(columns))]
    return np.concatenate([np.empty(0, np.int32), *found]), codes.values


def _factorized_rows(frame: pd.DataFrame) -> tuple[NDArray[np.int64], list[Any]]:
    """As `pandas.factorize`, of one column or of several; without a Python object for each row, as of a MultiIndex."""
    codes, first = pd.factorize(frame.iloc[:, 0])
    values = first.tolist()
    if len(frame.columns) > 1:
        values = [(value,) for value in values]
    for name in frame.columns[1:]:
        of_column, names = pd.factorize(frame[name])
        codes, pairs = pd.factorize(codes * max(1, len(names)) + of_column)
        values = [(*values[pair // len(names)], names[pair % len(names)]) for pair in pairs.tolist()]
    return codes, values


def value_counts(table: RowTable, column: str) -> "pd.Series[int]":
    """Number of rows with each value of a column, the most first, without missing ones; as pandas counts them."""
    codes, values = factorized(table, column)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    order = np.argsort(-counts, kind="stable")
    index = pd.Index(
        [values[place] for place in order.tolist()], name=column, dtype=table.empty([column]).dtypes.iloc[0]
    )
    return pd.Series(counts[order], index, name="count")
