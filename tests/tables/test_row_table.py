"""Row tables of frames and of makers: the same rows in any batches, and columns as a person reads them."""

import pickle
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.datasets import TableDataset
from synthetic_textcat.tables import FrameTable, MadeTable, RowTable, as_table, in_blocks

_DTYPES = {"request_id": "str", "label": "str", "replicate": "int64"}
_FRAME = pd.DataFrame({"request_id": list("abcde"), "label": ["x", None, "y", "x", "z"], "replicate": range(5)}).astype(
    _DTYPES
)
_MADE = MadeTable(lambda: (_FRAME.iloc[:3], _FRAME.iloc[:0], _FRAME.iloc[3:]), _DTYPES)


@pytest.fixture(params=["frame", "made"])
def table(request: pytest.FixtureRequest) -> RowTable:
    return FrameTable(_FRAME) if request.param == "frame" else _MADE


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_batches_hold_the_rows_in_order(table: RowTable, rows: int) -> None:
    frames = list(table.frames(["replicate", "label"], rows))
    assert all(0 < len(frame) <= rows and frame.index[0] == 0 for frame in frames)
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), _FRAME[["replicate", "label"]])


def test_columns_are_read_as_from_a_frame(table: RowTable) -> None:
    assert (len(table), list(table.columns), "label" in table, "text" in table) == (5, list(_DTYPES), True, False)
    pd.testing.assert_series_equal(table["label"], _FRAME["label"])
    pd.testing.assert_frame_equal(table[["label"]], _FRAME[["label"]])
    pd.testing.assert_frame_equal(table.head(2), _FRAME.head(2))
    pd.testing.assert_frame_equal(table.to_pandas(), _FRAME)


def test_some_rows_are_found_by_their_values(table: RowTable) -> None:
    found = table.where("label", ["x", "z"], ["request_id"])
    pd.testing.assert_frame_equal(found, _FRAME.loc[[0, 3, 4], ["request_id"]].reset_index(drop=True))
    pd.testing.assert_frame_equal(table.where("label", ["none"]), _FRAME.iloc[:0])


@pytest.mark.parametrize("places", [[3, 0, 4, 0], [2], []])
def test_some_rows_are_found_by_their_positions_in_the_order_asked_for(table: RowTable, places: list[int]) -> None:
    pd.testing.assert_frame_equal(table.take(places), _FRAME.iloc[places].reset_index(drop=True))


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 6])
def test_blocks_have_the_same_rows_whatever_the_batches(table: RowTable, rows: int) -> None:
    for batch in (1, 2, 4, 100):
        blocks = list(in_blocks(table.frames(rows=batch), rows))
        assert [len(block) for block in blocks] == [rows] * (5 // rows) + [5 % rows] * (5 % rows > 0)
        pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), _FRAME)


def test_a_copy_is_the_table_itself() -> None:
    assert deepcopy(_MADE) is _MADE


def test_a_column_that_is_not_there_is_named(table: RowTable) -> None:
    with pytest.raises(KeyError, match="no column 'text'; the table has request_id, label, replicate"):
        table.to_pandas(["label", "text"])


def test_an_empty_table_has_its_dtypes() -> None:
    empty = MadeTable(lambda: (), _DTYPES)
    assert (len(empty), list(empty.frames())) == (0, [])
    pd.testing.assert_frame_equal(empty.to_pandas(), _FRAME.iloc[:0])
    pd.testing.assert_frame_equal(FrameTable(_FRAME.iloc[:0]).to_pandas(), _FRAME.iloc[:0])


def test_rows_that_are_made_get_the_declared_dtypes() -> None:
    made = MadeTable(lambda: [pd.DataFrame({"flags": [None, None], "n": [1, 2]})], {"flags": "str", "n": "Int64"})
    assert [str(kind) for kind in made.to_pandas().dtypes] == ["str", "Int64"]


def test_frames_of_user_entries_are_row_tables_too() -> None:
    pd.testing.assert_frame_equal(as_table(_FRAME).to_pandas(), _FRAME)
    assert as_table(_MADE) is _MADE
    assert as_table(None) is None


def test_datasets_of_others_write_it_as_a_frame(table: RowTable, tmp_path: Path) -> None:
    from kedro_datasets.pandas import ParquetDataset  # here, since it imports SQLAlchemy

    ParquetDataset(filepath=str(tmp_path / "rows.parquet")).save(table)
    TableDataset(filepath=str(tmp_path / "more.parquet")).save(table)  # type: ignore[arg-type]
    for path in tmp_path.iterdir():
        pd.testing.assert_frame_equal(pd.read_parquet(path), _FRAME)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(table)).to_pandas(), _FRAME)
    with pytest.raises(AttributeError, match="to_pandas"):
        table.groupby("label")


@pytest.mark.whole_run
def test_batches_are_read_while_the_interpreter_exits() -> None:
    """After Ctrl-C the exit handler records the run, with rows of the plan; no thread starts any more by then."""
    script = (
        "import atexit; from synthetic_textcat.tables.row_table import read_ahead; "
        "atexit.register(lambda: print(*read_ahead(iter([1, 2, 3]))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "1 2 3\n", done.stderr
