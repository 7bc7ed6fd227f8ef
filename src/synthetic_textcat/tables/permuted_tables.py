"""Row tables in another order, in temporary files."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from synthetic_textcat.tables.arrow_frames import frame_of, schema_of
from synthetic_textcat.tables.row_table import BATCH_ROWS, Columns, RowTable
from synthetic_textcat.temporary_files import TemporaryFolder, temporary_errors

_PLACE = "__place__"
"""Column of the files of the first pass: where a row goes."""

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")  # a third of the size, and faster than the disk
_STRETCH = 2_000  # rows of a record batch in a file: the rows of a small task are read without the others
_HELD = 4  # record batches that stay in memory after they are read
_AT_ONCE = 2  # files that are sorted at once; Arrow needs no Python for most of it


def permuted(table: RowTable, order: NDArray[np.integer[Any]], parent: Path | None = None) -> "PermutedTable":
    """The rows in another order, by a pass over the table and one over temporary files.

    Args:
        table: The rows.
        order: Position in the table of the first row of the result, of the second, and so on; a permutation.
        parent: Folder for the files; None for that of large temporary files.
    """
    folder = TemporaryFolder(parent)
    result = PermutedTable(folder.path, table.empty(), len(order), folder)
    with temporary_errors():
        _scatter(table, order, result.paths)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for _ in threads.map(_sort, result.paths):
                pass
    return result


def _scatter(table: RowTable, order: NDArray[np.integer[Any]], paths: list[Path]) -> None:
    """Writes each row into the file to which it belongs, in the order of the table."""
    places = np.empty(len(order), np.int32 if len(order) <= np.iinfo(np.int32).max else np.int64)
    places[order] = np.arange(len(order), dtype=places.dtype)
    schema = schema_of(table.empty().assign(**{_PLACE: places[:0]}))
    start = 0
    with ExitStack() as stack:
        writers = [
            stack.enter_context(pa.ipc.new_stream(str(_scattered(path)), schema, options=_OPTIONS)) for path in paths
        ]
        for frame in table.frames():
            own = places[start : start + len(frame)]
            start += len(frame)
            rows = pa.Table.from_pandas(frame.assign(**{_PLACE: own}), schema, preserve_index=False)
            by_part = np.argsort(own // BATCH_ROWS, kind="stable")
            parts = own[by_part] // BATCH_ROWS
            ends = (np.flatnonzero(np.diff(parts)) + 1).tolist()
            for first, end in pairwise([0, *ends, len(parts)]):
                writers[int(parts[first])].write_table(rows.take(pa.array(by_part[first:end])))


def _sort(path: Path) -> None:
    """Writes the rows of a file in their order, in record batches that can be read one by one."""
    with pa.ipc.open_stream(_scattered(path)) as stream:
        rows = stream.read_all()
    order = pa.array(np.argsort(rows[_PLACE].to_numpy()))
    rows = rows.drop_columns([_PLACE]).take(order).combine_chunks()
    with pa.ipc.new_file(str(path), rows.schema, options=_OPTIONS) as file:
        file.write_table(rows, max_chunksize=_STRETCH)
    _scattered(path).unlink()


def _scattered(path: Path) -> Path:
    return path.with_suffix(".scattered")


class PermutedTable(RowTable):
    """A row table in temporary files of `BATCH_ROWS` rows, of which any range can be read.

    Args:
        folder: Where the files are.
        empty: A frame without rows.
        rows: Number of rows.
        owner: Removes the files when nobody holds the table any more; None in another process than that of the owner.
    """

    def __init__(self, folder: Path, empty: pd.DataFrame, rows: int, owner: TemporaryFolder | None = None) -> None:
        self._folder, self._empty, self._rows, self._owner = folder, empty, rows, owner
        self._fields = [str(name) for name in empty.columns]
        self._empties: dict[tuple[str, ...], pd.DataFrame] = {}

    @property
    def paths(self) -> list[Path]:
        """The files, in the order of the rows."""
        return [self._path(part) for part in range(-(-self._rows // BATCH_ROWS))]

    def _path(self, part: int) -> Path:
        return self._folder / f"{part:06}.arrow"

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [*self._fields]

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        """A frame with the columns and their dtypes, and no row."""
        wanted = self._checked(columns)
        key = tuple(wanted)
        if key not in self._empties:  # each of thousands of files needs one, and pandas takes half a millisecond
            self._empties[key] = self._empty[wanted]
        return self._empties[key]

    def reference(self) -> tuple[Any, ...]:
        """The files, which must stay."""
        return PermutedTable, (self._folder, self._empty, self._rows)

    def range(self, start: int, end: int) -> RowTable:
        """The rows from one position to another."""
        return _Range(self, start, end)

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        return self.range(0, self._rows).frames(columns, rows)

    def part(self, number: int, start: int, end: int, columns: list[str]) -> pd.DataFrame:
        """Rows of a file.

        Args:
            number: Its number.
            start: First position in the file.
            end: Last one plus one.
            columns: Names of the columns to read.
        """
        fields = tuple(place for place, name in enumerate(self._fields) if name in columns)
        first, last = start // _STRETCH, -(-end // _STRETCH)
        read = _held if last - first == 1 else _read
        rows = read(str(self._path(number)), first, last, fields)
        return frame_of(rows.slice(start - first * _STRETCH, end - start).combine_chunks())


def _read(path: str, first: int, last: int, fields: tuple[int, ...]) -> pa.Table:
    """Some record batches of a file."""
    with pa.OSFile(path) as source:
        file = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=list(fields)))
        return pa.Table.from_batches([file.get_batch(place) for place in range(first, last)])


_held = lru_cache(_HELD)(_read)
"""As `_read`, of one record batch; thousands of small tasks are in one, and each has several files."""


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

    def reference(self) -> tuple[Any, ...]:
        return _Range, (self._table, self._start, self._end)

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        for part in range(self._start // BATCH_ROWS, -(-self._end // BATCH_ROWS)):
            first, end = max(self._start - part * BATCH_ROWS, 0), min(self._end - part * BATCH_ROWS, BATCH_ROWS)
            for begin in range(first, end, rows):
                yield self._table.part(part, begin, min(begin + rows, end), columns)
