"""The catalog entry of a table: a Parquet file, replaced whole."""

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from synthetic_textcat.datasets.previews import ROWS, table_preview
from synthetic_textcat.datasets.whole_file import replacing


class TableDataset(AbstractDataset[pd.DataFrame, pd.DataFrame]):
    """Saves and loads a frame, without its index.

    The stock Parquet dataset writes in place, can't preview cells that hold lists, and comes with all of
    `kedro_datasets.pandas`, whose import takes half a second for databases and spreadsheets that are not used here.

    Args:
        filepath: The Parquet file.
        save_args: For `DataFrame.to_parquet`, such as an Arrow schema.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.
    """

    def __init__(
        self, *, filepath: str, save_args: dict[str, Any] | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self._save_args = {"index": False, **(save_args or {})}
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """The frame.

        Raises:
            FileNotFoundError: If the pipeline that writes it has not run.
        """
        with self._filepath.open("rb") as file:
            return pd.read_parquet(file)

    def save(self, data: pd.DataFrame) -> None:
        """Writes the frame beside the file, then puts it in its place."""
        with replacing(self._filepath) as fresh:
            data.to_parquet(fresh, **self._save_args)

    def preview(self, nrows: int = ROWS) -> TablePreview:
        """The first rows, for Kedro-Viz."""
        return table_preview(self._filepath, nrows)

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
