"""The catalog entry of a table whose cells hold lists."""

import numpy as np
from kedro_datasets._typing import TablePreview
from kedro_datasets.pandas import ParquetDataset


class NestedParquetDataset(ParquetDataset):  # type: ignore[misc]  # untyped upstream
    """Parquet as Kedro has it, with a preview that Kedro-Viz can show where cells hold lists."""

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, arrays as plain lists."""
        table = super().preview(nrows)
        table["data"] = [[x.tolist() if isinstance(x, np.ndarray) else x for x in row] for row in table["data"]]
        return TablePreview(table)
