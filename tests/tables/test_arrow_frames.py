"""Lists of texts: tuples in a frame, lists in a file, whatever the rows are."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.tables import FrameTable, Spool, StoredTable, permuted, write_rows
from synthetic_textcat.tables.arrow_frames import LIST, frame_of, schema_of, tuples_of
from tests.support.examples import examples

_COLUMNS = {"request_id": "str", "label": "str", "labels": "object"}
_SETS: list[Any] = [("a",), (), None, ("a", "b"), ("b", "a")]


def _frame(sets: list[Any]) -> pd.DataFrame:
    ids = [f"r{number}" for number in range(len(sets))]
    labels = pd.Series(sets, dtype="object")
    return pd.DataFrame({"request_id": ids, "label": None, "labels": labels}).astype(_COLUMNS)


@examples(50)
@given(st.lists(st.none() | st.lists(st.sampled_from(["a", "b", "", "é😀"]), max_size=4)), st.integers(0, 3))
def test_lists_become_tuples_whatever_their_length(lists: list[Any], start: int) -> None:
    sliced = pa.array(lists, LIST).slice(start)
    expected = [None if each is None else tuple(each) for each in lists[start:]]
    assert tuples_of(sliced).tolist() == expected
    assert tuples_of(pa.chunked_array([sliced, sliced])).tolist() == expected * 2


def test_equal_lists_are_one_object() -> None:
    first, second, _ = tuples_of(pa.array([["a", "b"], ["a", "b"], ["b"]], LIST))
    assert first is second


@pytest.mark.parametrize("sets", [_SETS, [None, None], [(), ()], []], ids=["all kinds", "missing", "none", "no row"])
def test_a_row_table_keeps_them_in_files_of_any_kind(sets: list[Any], tmp_path: Path) -> None:
    frame, path = _frame(sets), tmp_path / "rows.parquet"
    write_rows(path, FrameTable(frame))
    stored = StoredTable([path])
    spool = Spool(_COLUMNS, tmp_path)
    spool.add(frame)
    turned = permuted(stored, pd.RangeIndex(len(sets))[::-1].to_numpy(), tmp_path)
    for table, expected in ((stored, sets), (spool, sets), (turned, sets[::-1])):
        assert table["labels"].tolist() == expected
        assert table.to_pandas().dtypes.equals(frame.dtypes)
        assert [x for part in table.frames(["labels"], rows=2) for x in part["labels"]] == expected
        assert schema_of(table.empty()).field("labels").type == LIST
    assert pa.parquet.read_schema(path).field("labels").type == LIST


def test_pandas_and_others_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, FrameTable(_frame(_SETS)))
    found = pd.read_parquet(path)["labels"]
    assert [None if cell is None else tuple(cell) for cell in found] == _SETS
    assert pa.parquet.read_table(path)["labels"].to_pylist()[3] == ["a", "b"]


def test_other_columns_keep_their_place_and_type() -> None:
    table = pa.table({"x": [1, 2], "labels": pa.array([["a"], None], LIST), "y": ["p", "q"]})
    found = frame_of(table)
    assert list(found) == ["x", "labels", "y"]
    assert [str(dtype) for dtype in found.dtypes] == ["int64", "object", "str"]
    assert list(frame_of(table.to_batches()[0])["labels"]) == [("a",), None]
