"""Row tables in Parquet: batches into one file, parts of a folder, temporary files that go with the object."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synthetic_textcat.errors import StorageError
from synthetic_textcat.tables import FrameTable, MadeTable, Spool, StoredTable, write_rows

_DTYPES = {"request_id": "str", "flags": "str", "cost": "float64", "count": "Int64", "good": "bool"}


def _rows(start: int, end: int) -> pd.DataFrame:
    columns = {
        "request_id": [f"row {number}" for number in range(start, end)],
        "flags": [None if number < 120 else "a flag" for number in range(start, end)],
        "cost": [number / 7 for number in range(start, end)],
        "count": [None if number % 3 else number for number in range(start, end)],
        "good": [number % 2 == 0 for number in range(start, end)],
    }
    return pd.DataFrame(columns).astype(_DTYPES)


def _made(rows: int, at_once: int = 50) -> MadeTable:
    return MadeTable(lambda: (_rows(start, min(start + at_once, rows)) for start in range(0, rows, at_once)), _DTYPES)


def test_batches_make_the_file_that_the_whole_frame_would_make(tmp_path: Path) -> None:
    write_rows(tmp_path / "made.parquet", _made(330), {"row_group_size": 100})
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "made.parquet"), _rows(0, 330))
    whole = tmp_path / "whole.parquet"
    _rows(0, 330).to_parquet(whole, index=False)
    assert pq.read_schema(tmp_path / "made.parquet").equals(pq.read_schema(whole))
    with pq.ParquetFile(tmp_path / "made.parquet") as file:
        groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    assert groups == [100, 100, 100, 30]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_an_error_while_further_rows_are_written() -> None:
    made = []

    def make() -> Iterator[pd.DataFrame]:
        for start in range(0, 1_000_000, 50_000):
            made.append(start)
            yield _rows(start, start + 50_000)

    with pytest.raises(OSError, match="No space left"):
        write_rows(Path("/dev/full"), MadeTable(make, _DTYPES), {"compression": "none"})
    assert len(made) < 5


def test_a_stored_table_is_read_by_columns_and_batches(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.parquet", _made(230), {"row_group_size": 100})
    table = StoredTable([tmp_path / "rows.parquet"])
    assert (len(table), table.names) == (230, list(_DTYPES))
    frames = list(table.frames(["count", "request_id"], 70))
    assert all(len(frame) <= 70 for frame in frames)
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), _rows(0, 230)[["count", "request_id"]])


def test_parts_are_one_table_in_their_order(tmp_path: Path) -> None:
    for part, start in enumerate((0, 100, 200)):
        write_rows(tmp_path / f"part-{part:05}.parquet", FrameTable(_rows(start, start + 100)))
    table = StoredTable(sorted(tmp_path.iterdir()))
    assert len(table) == 300
    pd.testing.assert_frame_equal(table.to_pandas(), _rows(0, 300))
    pd.testing.assert_frame_equal(pd.concat(table.frames(), ignore_index=True), pd.read_parquet(tmp_path))


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.parquet", _made(0))
    table = StoredTable([tmp_path / "rows.parquet"])
    assert (len(table), list(table.frames())) == (0, [])
    pd.testing.assert_frame_equal(table.to_pandas(), _rows(0, 0))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "rows.parquet"), _rows(0, 0))


def test_categories_of_all_batches_are_kept(tmp_path: Path) -> None:
    frames = [pd.DataFrame({"model": pd.Categorical(names)}) for names in (["a", None], ["b", "a"])]
    write_rows(tmp_path / "rows.parquet", MadeTable(lambda: frames, {"model": "object"}), {"schema": _FEW})
    assert StoredTable([tmp_path / "rows.parquet"])["model"].tolist()[2:] == ["b", "a"]


_FEW = pa.schema({"model": pa.dictionary(pa.int32(), pa.large_string())})


def test_a_spool_is_a_table_once_it_is_filled_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    spool = Spool(_DTYPES)
    for start in (0, 50, 100):
        spool.add(_rows(start, start + 50).assign(more=1))
    assert len(spool) == 150
    assert len(list(tmp_path.iterdir())) == 1
    pd.testing.assert_frame_equal(spool.to_pandas(), _rows(0, 150))
    with pytest.raises(ValueError, match="no more rows"):
        spool.add(_rows(0, 1))
    write_rows(tmp_path / "copy.parquet", spool)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "copy.parquet"), _rows(0, 150))
    del spool
    assert [path.name for path in tmp_path.iterdir()] == ["copy.parquet"]


def test_an_empty_spool_has_its_columns() -> None:
    pd.testing.assert_frame_equal(Spool(_DTYPES).to_pandas(), _rows(0, 0))


@pytest.mark.parametrize("content", [b"", b"something else", None])
def test_a_file_that_is_no_parquet_file_or_a_torn_one_is_named_in_one_line(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, _made(100))
    path.write_bytes(path.read_bytes()[:2000] if content is None else content)
    for read in (len, StoredTable.to_pandas, lambda table: list(table.frames())):
        with pytest.raises(StorageError, match=r"rows\.parquet is no Parquet file, or a torn one: .*\. Next: restore"):
            read(StoredTable([path]))


def test_damage_in_the_middle_of_a_file_is_one_line_too(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, _made(100))
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + b"\xff" * 400 + content[404:])
    for read in (StoredTable.to_pandas, lambda table: list(table.frames())):
        with pytest.raises(StorageError, match=r"rows\.parquet is no Parquet file, or a torn one: .*\. Next: restore"):
            read(StoredTable([path]))


def test_a_part_without_a_column_is_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "part-0.parquet", FrameTable(_rows(0, 10)))
    write_rows(tmp_path / "part-1.parquet", FrameTable(_rows(10, 20)[["request_id"]]))
    for read in (StoredTable.to_pandas, lambda table: list(table.frames())):
        with pytest.raises(StorageError, match=r"part-1\.parquet has no column 'flags': it has request_id\. Next: "):
            read(StoredTable(sorted(tmp_path.iterdir())))
    with pytest.raises(StorageError, match=r"part-0\.parquet has no column 'text'"):
        StoredTable(sorted(tmp_path.iterdir())).to_pandas(["text"])
