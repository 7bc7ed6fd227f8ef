"""Catalog dataset of a row table: a Parquet file, or a folder of Parquet parts, read and written in record batches."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import pandas as pd

from synthetic_textcat.datasets.files import free_at_once
from synthetic_textcat.datasets.fsspec_place import Place
from synthetic_textcat.datasets.kedro_compat import TablePreview
from synthetic_textcat.datasets.previews import ABSENT, ROWS, rows_preview
from synthetic_textcat.datasets.replacing import replacing
from synthetic_textcat.datasets.stored import FormattedDataset
from synthetic_textcat.tables import RowTable, StoredTable, as_table, write_rows


class RowTableDataset(FormattedDataset[RowTable | pd.DataFrame, RowTable]):
    """Saves a row table or a frame batch by batch, and loads it as a row table, of which nothing is read yet.

    The stock Parquet datasets hold the whole table in memory. `catalog.load(name).to_pandas()` gives a frame, and
    `pandas.read_parquet` reads the file.

    Args:
        filepath: The Parquet file. A folder of Parquet files there is read as parts, in the order of their names.
        save_args: For `pyarrow.parquet.ParquetWriter`, such as `compression`; and an Arrow schema.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def load(self) -> RowTable:
        """The table.

        Raises:
            FileNotFoundError: If the pipeline that writes it has not run.
        """
        free_at_once()
        with ExitStack() as stack:
            paths = list(_local_parts(self.place, stack))
            if not paths:
                raise FileNotFoundError(2, "No Parquet file in the folder", self.place.shown)
            shown = None if self.place.is_local else self.place.shown
            return StoredTable(paths, stack.pop_all(), shown)

    def save(self, data: RowTable | pd.DataFrame) -> None:
        """Writes the rows apart, then puts the file in its place."""
        free_at_once()
        with replacing(self.place_to_save) as fresh:
            write_rows(fresh, as_table(data), self._save_args)

    def preview(self, nrows: int = ROWS) -> TablePreview:
        """The first rows, for Kedro-Viz."""
        with self.peek() as path:
            parts = _parts(path) if path else []
            return rows_preview(StoredTable(parts).head(nrows) if parts else pd.DataFrame(columns=[ABSENT]), nrows)

    def prove_kind(self) -> None:
        """Makes sure that a local file or a folder of parts is there, if anything is.

        Raises:
            StorageError: If it is another folder.
        """
        if self._version is not None or not self.root.is_local or not any(Path(self.root.path).glob("*.parquet")):
            super().prove_kind()

    def prove_savable(self) -> None:
        """Makes sure that one file can be saved: it does not take the place of a folder of parts.

        Raises:
            StorageError: If there is one, or as of `StoredDataset`.
        """
        super().prove_kind()
        super().prove_savable()


def _local_parts(place: Place, copies: ExitStack) -> Iterator[Path]:
    """The file or the parts on this machine, in their order: themselves, or copies that last as long as the stack."""
    parts = [] if place.is_local else [name for name in place.listed() if PurePosixPath(name).match("*.parquet")]
    if not parts:
        yield from _parts(copies.enter_context(place.local_copy()))
    for name in parts:
        yield copies.enter_context(place.child(name).local_copy())


def _parts(path: Path) -> list[Path]:
    return sorted(path.glob("*.parquet")) if path.is_dir() else [path]
