"""Tables of rows as the nodes of a commit take and give them: row tables, or frames before there were any."""

from typing import Any

import pandas as pd

try:
    from synthetic_textcat.tables import as_table
except ImportError:  # an earlier commit

    def as_table(table: Any) -> Any:  # type: ignore[no-redef]
        """The frame itself."""
        return table


__all__ = ["as_frame", "as_table"]


def as_frame(table: Any) -> pd.DataFrame:
    """The table as a frame."""
    frame: pd.DataFrame = table if isinstance(table, pd.DataFrame) else table.to_pandas()
    return frame
