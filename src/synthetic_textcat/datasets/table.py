"""The catalog entry of a table: a Parquet file, replaced whole."""

import pandas as pd
from kedro_datasets._typing import TablePreview

from synthetic_textcat.datasets.previews import ROWS, table_preview
from synthetic_textcat.datasets.replacing import replacing
from synthetic_textcat.datasets.stored import FormattedDataset


class TableDataset(FormattedDataset[pd.DataFrame, pd.DataFrame]):
    """Saves and loads a frame, without its index.

    The stock Parquet dataset writes in place, can't preview cells that hold lists, and comes with all of
    `kedro_datasets.pandas`, of which nothing else is used here.

    Args:
        filepath: The Parquet file.
        load_args: For `pandas.read_parquet`.
        save_args: For `DataFrame.to_parquet`, such as an Arrow schema.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def load(self) -> pd.DataFrame:
        """The frame.

        Raises:
            FileNotFoundError: If the pipeline that writes it has not run.
        """
        with self.place.local_copy() as path, path.open("rb") as file:
            return pd.read_parquet(file, **self._load_args)

    def save(self, data: pd.DataFrame) -> None:
        """Writes the frame apart, then puts it in its place."""
        with replacing(self.place_to_save) as fresh:
            data.to_parquet(fresh, **{"index": False, **self._save_args})

    def preview(self, nrows: int = ROWS) -> TablePreview:
        """The first rows, for Kedro-Viz."""
        return table_preview(self, nrows)
