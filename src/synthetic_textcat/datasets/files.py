"""Catalog datasets of single files: common formats, Parquet tables, plotly figures, and files that may be absent."""

import ctypes
import json
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
from kedro.io import AbstractDataset, Version
from kedro.io.core import VERSIONED_FLAG_KEY

from synthetic_textcat.datasets.file_formats import read, write
from synthetic_textcat.datasets.kedro_compat import PlotlyPreview, TablePreview, described
from synthetic_textcat.datasets.previews import ABSENT, ROWS, preview_of, table_preview
from synthetic_textcat.datasets.replacing import replacing
from synthetic_textcat.datasets.stored import FormattedDataset
from synthetic_textcat.tables.arrow_frames import lean_frame_of, plain_frame_of
from synthetic_textcat.tables.parquet_rows import LEAN_READ

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_GROUP_ROWS = 100_000  # decoded at once: of a million rows the memory beyond the frame itself is a tenth
_M_MMAP_THRESHOLD = -3  # of malloc.h
_LARGE_BLOCK = 1_000_000  # bytes
_ABSENT: dict[str, Any] = {"data": [], "layout": {"title": {"text": ABSENT}}}


class FileDataset(FormattedDataset[Any, Any]):
    """Saves and loads data by suffix: a frame (`.parquet`, `.csv`, `.jsonl`), plain values (`.json`) or a text.

    A `.yml` file, which is the user's, loads as plain values too.

    Args:
        filepath: The file.
        load_args: For the reader of the format: of `pandas.read_parquet`, `read_csv`, `json.loads`, `Path.read_text`.
        save_args: For its writer: of `DataFrame.to_parquet`, `to_csv`, `to_json`, `json.dumps`, `Path.write_text`.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    preview = property(preview_of)

    def load(self) -> Any:
        """The content of the file."""
        place = self.place
        with place.local_copy() as path:
            return read(path, place.shown, self._load_args)

    def save(self, data: Any) -> None:
        """Writes apart, then puts the file in its place."""
        with replacing(self.place_to_save) as fresh:
            write(fresh, data, self._save_args)


class TableDataset(FormattedDataset[pd.DataFrame, pd.DataFrame]):
    """Saves and loads a frame, without its index; lists of records, such as labels of tasks, are Arrow columns.

    The stock Parquet dataset writes in place, and can't preview cells that hold lists (ADR 0017).

    Args:
        filepath: The Parquet file.
        load_args: For `pandas.read_parquet`, which then reads the file, with lists of records as Python objects.
        save_args: For `DataFrame.to_parquet`, such as an Arrow schema.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def load(self) -> pd.DataFrame:
        """The frame.

        Raises:
            FileNotFoundError: If the pipeline that writes it has not run.
        """
        import pyarrow.parquet as pq

        free_at_once()
        with self.place.local_copy() as path, path.open("rb") as file:
            if self._load_args:
                return pd.read_parquet(file, **self._load_args)
            return lean_frame_of(pq.read_table(file, **LEAN_READ))

    def save(self, data: pd.DataFrame) -> None:
        """Writes the frame apart, then puts it in its place."""
        with replacing(self.place_to_save) as fresh:
            usual = {"index": False} if "engine" in self._save_args else {"index": False, "row_group_size": _GROUP_ROWS}
            plain = plain_frame_of(data) if isinstance(data, pd.DataFrame) else data  # row tables write themselves
            plain.to_parquet(fresh, **{**usual, **self._save_args})

    def preview(self, nrows: int = ROWS) -> TablePreview:
        """The first rows, for Kedro-Viz."""
        return table_preview(self, nrows)


def free_at_once() -> None:
    """Has Arrow give back what is free now, and the system take back each large block of others when it is freed.

    Arrow's allocator keeps what is freed for the next batch, which takes half the time of new memory. glibc's, after a
    first large block, would keep 0.4 GB of a million rows.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):  # musl has none
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)


class FigureDataset(FormattedDataset["Figure", "Figure"]):
    """Saves and loads a figure; the stock dataset writes in place (ADR 0017).

    Args:
        filepath: The JSON file.
        load_args: For `plotly.io.from_json`.
        save_args: For `Figure.to_json`.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def load(self) -> "Figure":
        """The figure."""
        import plotly.io

        return plotly.io.from_json(self.place.content().decode(), **self._load_args)

    def save(self, data: "Figure") -> None:
        """Writes the figure apart, then puts it in its place."""
        with replacing(self.place_to_save) as fresh:
            fresh.write_text(data.to_json(**self._save_args), encoding="utf-8")

    def preview(self) -> PlotlyPreview:
        """The figure, for Kedro-Viz."""
        with self.peek() as path:
            return PlotlyPreview(json.loads(path.read_text(encoding="utf-8")) if path else _ABSENT)


class OptionalDataset(AbstractDataset[Any, Any]):
    """Another dataset, which loads as None while its file is absent.

    Args:
        dataset: The other's own entry: `type`, `filepath`, …
        version: Set by Kedro for `versioned: true`, which may stand in this entry or in the other's.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.
    """

    def __init__(
        self, *, dataset: dict[str, Any], version: Version | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        config, versions = (dataset, ()) if version is None else ({**dataset, VERSIONED_FLAG_KEY: True}, version)
        self._dataset: AbstractDataset[Any, Any] = AbstractDataset.from_config("optional", config, *versions)
        self.metadata = metadata
        if hasattr(self._dataset, "preview"):
            self.preview = self._dataset.preview

    def load(self) -> Any:
        """The content of the file, or None."""
        return self._dataset.load() if self._dataset.exists() else None

    def save(self, data: Any) -> None:
        """Saves as the other does."""
        self._dataset.save(data)

    def _exists(self) -> bool:
        return self._dataset.exists()

    def _release(self) -> None:
        self._dataset.release()

    def _describe(self) -> dict[str, Any]:
        return described(self._dataset)
