"""Row tables are pickled by the files that they read; rows in memory go along."""

import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from synthetic_textcat.tables import (
    FrameTable,
    RowGroups,
    RowTable,
    Spool,
    StoredTable,
    by_reference,
    filtered,
    mapped,
    permuted,
)

_ROWS = 300
_FRAME = pd.DataFrame(
    {
        "text": pd.array([f"text {number} " * 50 for number in range(_ROWS)], dtype="str"),
        "task": pd.array([f"task {number % 3}" for number in range(_ROWS)], dtype="str"),
    }
)


def _upper(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(text=rows["text"].str.upper())


def _sent(table: RowTable) -> RowTable:
    """The table as another process has it; no text goes along."""
    sent = by_reference(partial(_same, table))
    assert b"text 7 text 7" not in sent
    found: RowTable = pickle.loads(sent)()
    return found


def _same(table: RowTable) -> RowTable:
    return table


def test_tables_in_files_are_sent_without_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    _FRAME.to_parquet(path)
    spool = Spool({"text": "str", "task": "str"}, tmp_path)
    spool.add(_FRAME)
    stored = StoredTable([path])
    groups = RowGroups(stored, "task", tmp_path)
    mask = np.arange(_ROWS) % 7 == 0
    tables = [
        stored,
        spool,
        permuted(stored, np.arange(_ROWS)[::-1]),
        groups.rows,
        groups.of(1),
        filtered(stored, mask, ["text"]),
        mapped(filtered(stored, mask), _upper),
    ]
    for table in tables:
        pd.testing.assert_frame_equal(_sent(table).to_pandas(), table.to_pandas())


def test_rows_in_memory_are_sent() -> None:
    found = pickle.loads(by_reference(mapped(FrameTable(_FRAME), _upper)))
    pd.testing.assert_frame_equal(found.to_pandas(), _upper(_FRAME))


def test_a_table_that_is_pickled_for_keeps_has_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    _FRAME.to_parquet(path)
    kept = pickle.dumps(filtered(StoredTable([path]), np.ones(_ROWS, bool)))
    path.unlink()
    pd.testing.assert_frame_equal(pickle.loads(kept).to_pandas(), _FRAME)
