"""Row tables in Parquet: files and folders of parts that are read in record batches, and temporary files of rows."""

import shutil
import weakref
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic_textcat.errors import StorageError
from synthetic_textcat.file_errors import about_file, short_path
from synthetic_textcat.tables.arrow_frames import frame_of, schema_of
from synthetic_textcat.tables.row_table import BATCH_ROWS, Columns, DeclaredTable, RowTable, read_ahead
from synthetic_textcat.tables.typed_frames import with_dtypes, with_names
from synthetic_textcat.temporary_files import TemporaryFolder, temporary_errors
from synthetic_textcat.text.unicode import single_line

LEAN_READ: dict[str, Any] = {"pre_buffer": False, "use_threads": False}
"""Options by which columns are decoded one after another, each within the memory that it takes as a column."""

_STREAMED: dict[str, Any] = {"pre_buffer": False, "buffer_size": 1 << 20}
"""Options by which a column is read by the megabyte, and not by row groups: other writers give them a million rows."""

_WRITTEN_AT_ONCE = 10_000
"""Rows that are read and changed at once for a file, whose writer holds two row groups anyway."""

_RESTORE = "restore it, or run the pipeline that writes it"


class StoredTable(RowTable):
    """A row table in a Parquet file, or in several that are its parts, in their order.

    Args:
        paths: The files, with the same columns.
        while_in_use: Closed when nobody holds the table any more, such as a temporary copy of a remote file.
        shown: The file's name in errors, if it is a copy.

    Reading raises a StorageError for a file that is no Parquet file, is torn, or lacks a column.
    """

    def __init__(self, paths: Iterable[Path], while_in_use: ExitStack | None = None, shown: str | None = None) -> None:
        self._paths, self._shown = tuple(paths), shown
        if while_in_use is not None:
            weakref.finalize(self, while_in_use.close)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self._schema.names)

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        """A frame with the columns and their dtypes, and no row."""
        return frame_of(self._schema.empty_table())[self._checked(columns)]

    def reference(self) -> tuple[Any, ...]:
        """The files, which must stay."""
        return StoredTable, (self._paths, None, self._shown)

    @cached_property
    def _schema(self) -> pa.Schema:
        with self._reading(self._paths[0]):
            return pq.read_schema(self._paths[0])

    @cached_property
    def _rows(self) -> int:
        return sum(map(self._rows_of, self._paths))

    def _rows_of(self, path: Path) -> int:
        with self._reading(path):
            return int(pq.read_metadata(path).num_rows)

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        for path in self._paths:
            with self._reading(path), pq.ParquetFile(path, **_STREAMED) as file:
                self._check(path, columns, file.schema_arrow.names)
                for batch in read_ahead(file.iter_batches(batch_size=rows, columns=columns, use_threads=False)):
                    if batch.num_rows:
                        yield frame_of(batch)

    def to_pandas(self, columns: Columns | None = None) -> pd.DataFrame:
        """The whole table, or some of its columns, as one frame."""
        wanted = self._checked(columns)
        frames = [self._whole(path, wanted) for path in self._paths]
        return with_names(frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True), wanted)

    def _whole(self, path: Path, columns: list[str]) -> pd.DataFrame:
        with self._reading(path):
            if path != self._paths[0]:
                self._check(path, columns, pq.read_schema(path).names)
            return frame_of(pq.read_table(path, columns=columns, **LEAN_READ))

    def _checked(self, columns: Columns | None) -> list[str]:
        wanted = self.names if columns is None else list(columns)
        self._check(self._paths[0], wanted, self.names)
        return wanted

    def _check(self, path: Path, wanted: list[str], found: list[str]) -> None:
        if missing := [name for name in wanted if name not in found]:
            raise StorageError(
                f"{self._shown or short_path(path)} has no column {missing[0]!r}: it has {', '.join(found)}. "
                f"Next: {_RESTORE}"
            )

    @contextmanager
    def _reading(self, path: Path) -> Iterator[None]:
        """Reports a file that can't be read in one line."""
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            shown = self._shown or short_path(path)
            if isinstance(error, OSError) and error.errno:
                raise StorageError(about_file(error, shown, "read")) from error
            raise StorageError(
                f"{shown} is no Parquet file, or a torn one: {single_line(error).rstrip('.')}. Next: {_RESTORE}"
            ) from error


class Spool(DeclaredTable):
    """A row table in a temporary file, for a pass with several outputs; the file goes with the object.

    The file lies in `TMPDIR` if that is set, else in `/var/tmp`, which is meant for large files.

    Args:
        columns: Name and dtype of each column.
        parent: Another folder for it.
    """

    def __init__(self, columns: Mapping[str, Any], parent: Path | None = None) -> None:
        super().__init__(columns)
        self._folder = TemporaryFolder(parent)
        self._path = self._folder.path / "rows.parquet"
        self._writer: RowWriter | None = RowWriter(self._path, self.empty())
        self._rows = 0

    def add(self, frame: pd.DataFrame) -> None:
        """Adds rows; columns that the table does not have are left out.

        Raises:
            ValueError: If the table has been read: it can't grow any more.
        """
        if self._writer is None:
            raise ValueError("A spool that has been read takes no more rows")
        with temporary_errors():
            self._writer.add(with_dtypes(with_names(frame, self.names), self._dtypes))
        self._rows += len(frame)

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        return StoredTable([self._closed()]).frames(columns, rows)

    def reference(self) -> tuple[Any, ...]:
        """The file, which must stay."""
        return StoredTable, ([self._closed()],)

    def copy_to(self, path: Path) -> None:
        """Copies the file, without reading its rows."""
        shutil.copyfile(self._closed(), path)

    def _closed(self) -> Path:
        if self._writer is not None:
            with temporary_errors():
                self._writer.close()
            self._writer = None
        return self._path


class RowWriter:
    """Writer of a Parquet file, record batch by record batch, in row groups of `BATCH_ROWS`.

    A thread encodes and writes a row group, for which it needs no lock of the interpreter, while the next one is made.
    So an error, such as of a full disk, is raised with the next row group or by `close`.

    Args:
        path: The file.
        empty: A frame without rows: its columns and dtypes are those of the file.
        options: For `pyarrow.parquet.ParquetWriter`, and an Arrow `schema`.
    """

    def __init__(self, path: Path, empty: pd.DataFrame, options: Mapping[str, Any] | None = None) -> None:
        self._path, self._empty, self._options = path, empty, dict(options or {})
        self._group_rows = self._options.pop("row_group_size", BATCH_ROWS)
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._thread = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def add(self, frame: pd.DataFrame) -> None:
        """Adds rows."""
        if self._writer is None:
            self._open(frame)
        self._waiting.append(pa.Table.from_pandas(frame, self._schema, preserve_index=False))
        if sum(part.num_rows for part in self._waiting) >= self._group_rows:
            self._write(whole_groups=True)

    def _open(self, first: pd.DataFrame) -> None:
        """Opens the file. A column of Python objects has the type of its first rows: without rows it has none."""
        own, seen = schema_of(self._empty), schema_of(first)
        fields = [seen.field(field.name) if pa.types.is_null(field.type) else field for field in own]
        self._schema = self._options.pop("schema", pa.schema(fields)).with_metadata(own.metadata)
        self._writer = pq.ParquetWriter(self._path, self._schema, **self._options)

    def close(self) -> None:
        """Writes what waits, and the end of the file."""
        with self._thread:
            if self._writer is None:
                self._open(self._empty)
            self._write(whole_groups=False)
            self._finish_group()
        if self._writer is not None:
            self._writer.close()

    def _write(self, *, whole_groups: bool) -> None:
        rows = pa.concat_tables([*self._waiting, self._schema.empty_table()]).unify_dictionaries()
        end = rows.num_rows - rows.num_rows % self._group_rows if whole_groups else rows.num_rows
        self._waiting = [rows.slice(end)] if end < rows.num_rows else []
        if end and self._writer is not None:
            self._finish_group()
            groups = rows.slice(0, end)
            self._under_way = self._thread.submit(self._writer.write_table, groups, row_group_size=self._group_rows)

    def _finish_group(self) -> None:
        """Waits until the last row group is written; one at a time is in memory besides that which is made.

        Its memory goes back to the system: next to the batches that are read, a writer would keep that of several.
        """
        if self._under_way is not None:
            self._under_way.result()
            pa.default_memory_pool().release_unused()


def write_rows(path: Path, table: RowTable, options: Mapping[str, Any] | None = None) -> None:
    """Writes a row table as one Parquet file.

    Args:
        path: The file.
        table: Its rows.
        options: For `pyarrow.parquet.ParquetWriter`, and an Arrow `schema`.
    """
    if isinstance(table, Spool) and not options:
        table.copy_to(path)
        return
    writer = RowWriter(path, table.empty(), options)
    try:
        for frame in table.frames(rows=_WRITTEN_AT_ONCE):
            writer.add(frame)
    finally:
        writer.close()
