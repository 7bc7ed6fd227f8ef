"""Row tables made of others: rows changed, filtered, or put into another order on disk."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from synthetic_textcat.tables.row_table import BATCH_ROWS, Columns, MadeTable, RowTable
from synthetic_textcat.temporary_files import TemporaryFolder, temporary_errors
from synthetic_textcat.text.batches import ValueCodes

_PLACE = "__place__"
"""Column of temporary files: where a row goes."""

_COMPRESSION = "lz4"  # a third of the size, and faster than the disk


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
        return self._empty[self._checked(columns)]

    @cached_property
    def _empty(self) -> pd.DataFrame:
        return self._function(self._table.empty(self._needed)).iloc[:0]

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        for frame in self._table.frames(self._needed, rows):
            yield self._function(frame)[columns].reset_index(drop=True)


def filtered(table: RowTable, mask: NDArray[np.bool_], columns: Columns | None = None) -> RowTable:
    """The rows for which a mask by position is true."""

    def make() -> Iterator[pd.DataFrame]:
        start = 0
        for frame in table.frames(columns):
            keep = mask[start : start + len(frame)]
            start += len(frame)
            if keep.any():
                yield frame if keep.all() else frame[keep]

    return MadeTable(make, dtypes_of(table.empty(columns)), int(mask.sum()))


def permuted(table: RowTable, order: NDArray[np.intp]) -> "PermutedTable":
    """The rows in another order, by one pass over the table and one over temporary files.

    Args:
        table: The rows.
        order: Position in the table of the first row of the result, of the second, and so on; a permutation.
    """
    folder = TemporaryFolder()
    result = PermutedTable(folder, table.empty(), len(order))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    schema = pa.Table.from_pandas(table.empty().assign(**{_PLACE: np.empty(0, np.int64)}), preserve_index=False).schema
    options = pa.ipc.IpcWriteOptions(compression=_COMPRESSION)
    start = 0
    with temporary_errors(), ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_stream(str(path), schema, options=options)) for path in result.paths]
        for frame in table.frames():
            own = places[start : start + len(frame)]
            start += len(frame)
            rows = pa.Table.from_pandas(frame.assign(**{_PLACE: own}), schema, preserve_index=False)
            by_part = np.argsort(own // BATCH_ROWS, kind="stable")
            parts = own[by_part] // BATCH_ROWS
            ends = [*(np.flatnonzero(np.diff(parts)) + 1).tolist(), len(parts)]
            for first, end in zip([0, *ends], ends, strict=False):
                writers[int(parts[first])].write_table(rows.take(pa.array(by_part[first:end])))
    return result


class PermutedTable(RowTable):
    """A row table in temporary files, one for each batch; they go with the object.

    Args:
        folder: Where the files are.
        empty: A frame without rows.
        rows: Number of rows.
    """

    def __init__(self, folder: TemporaryFolder, empty: pd.DataFrame, rows: int) -> None:
        self._folder = folder
        self.paths = [folder.path / f"{part:06}.arrow" for part in range(-(-rows // BATCH_ROWS))]
        self._empty, self._rows = empty, rows
        self.part = lru_cache(maxsize=2)(self._read)
        """Rows of a file, by its number and the columns."""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [str(name) for name in self._empty.columns]

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        """A frame with the columns and their dtypes, and no row."""
        return self._empty[self._checked(columns)]

    def range(self, start: int, end: int) -> RowTable:
        """The rows from one position to another; ranges that are read in their order read each file once."""
        return _Range(self, start, end)

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        return self.range(0, self._rows).frames(columns, rows)

    def _read(self, part: int, columns: tuple[str, ...]) -> pd.DataFrame:
        fields = [place for place, name in enumerate((*self.names, _PLACE)) if name in columns or name == _PLACE]
        with pa.ipc.open_stream(self.paths[part], options=pa.ipc.IpcReadOptions(included_fields=fields)) as file:
            rows = file.read_all()
        order = np.argsort(rows[_PLACE].to_numpy())
        frame: pd.DataFrame = rows.drop_columns([_PLACE]).take(pa.array(order)).to_pandas()
        return frame


class _Range(RowTable):
    def __init__(self, table: PermutedTable, start: int, end: int) -> None:
        self._table, self._start, self._end = table, start, end

    @property
    def names(self) -> list[str]:
        return self._table.names

    def __len__(self) -> int:
        return self._end - self._start

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        return self._table.empty(columns)

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        for part in range(self._start // BATCH_ROWS, -(-self._end // BATCH_ROWS)):
            first = part * BATCH_ROWS
            frame = self._table.part(part, tuple(columns)).iloc[max(self._start - first, 0) : self._end - first]
            for begin in range(0, len(frame), rows):
                yield frame.iloc[begin : begin + rows].reset_index(drop=True)


class RowGroups:
    """Rows of a table by the value of a column, such as the examples of each task.

    Args:
        table: The rows.
        column: The column of the values.
    """

    def __init__(self, table: RowTable, column: str) -> None:
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
        self.rows = permuted(table, self.order)
        """All rows, those of the first value first; within it in the order of the table."""
        self._table = table

    def items(self) -> Iterator[tuple[Any, RowTable]]:
        """Each value with its rows, sorted by value."""
        return ((value, self.of(number)) for number, value in enumerate(self.values))

    def factorized(self, column: str) -> tuple[NDArray[np.int32], list[Any]]:
        """Number of the value of each row of `rows` among the distinct ones of a column, and these."""
        codes, values = factorized(self._table, column)
        return codes[self.order], values

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
    frames = table.frames(list(columns))
    keys = (frame[columns[0]] if len(columns) == 1 else pd.MultiIndex.from_frame(frame) for frame in frames)
    return np.concatenate([np.empty(0, np.int32), *map(codes.add, keys)]), codes.values


def value_counts(table: RowTable, column: str) -> "pd.Series[int]":
    """Number of rows with each value of a column, the most first, without missing ones; as pandas counts them."""
    codes, values = factorized(table, column)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    order = np.argsort(-counts, kind="stable")
    index = pd.Index(
        [values[place] for place in order.tolist()], name=column, dtype=table.empty([column]).dtypes.iloc[0]
    )
    return pd.Series(counts[order], index, name="count")


def dtypes_of(frame: pd.DataFrame) -> dict[str, Any]:
    """Name and dtype of each column."""
    return {str(name): dtype for name, dtype in frame.dtypes.items()}
