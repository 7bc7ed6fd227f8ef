"""Row tables of the catalog: a folder of Parquet parts is read, shown and accepted as an input, and never replaced."""

from pathlib import Path

import fsspec
import pandas as pd
import pytest

from synthetic_textcat.datasets import FileDataset, RowTableDataset
from synthetic_textcat.errors import StorageError
from synthetic_textcat.tables import as_table

_FILES = fsspec.filesystem("memory")
_FRAME = pd.DataFrame({"request_id": ["a", "b", "c"], "num_words": [1, 2, 3]})


def test_a_folder_of_parts_is_an_input_with_a_preview_and_no_output(tmp_path: Path) -> None:
    dataset = RowTableDataset(filepath=str(tmp_path / "requests.parquet"))
    assert dataset.preview()["data"] == []
    (tmp_path / "requests.parquet").mkdir()
    with pytest.raises(StorageError, match="is a folder"):
        dataset.prove_kind()
    for part, rows in enumerate((_FRAME[:2], _FRAME[2:])):
        rows.to_parquet(tmp_path / "requests.parquet" / f"part-{part:05}.parquet", index=False)
    dataset.prove_kind()
    pd.testing.assert_frame_equal(dataset.load().to_pandas(), _FRAME)
    assert dataset.preview(1)["data"] == [["a", 1]]
    with pytest.raises(StorageError, match=r"is a folder, .* Next: "):
        dataset.prove_savable()


def test_a_remote_folder_of_parts_is_one_table(tmp_path: Path) -> None:
    place = f"memory://{tmp_path.name}/requests.parquet"
    for part, rows in enumerate((_FRAME[:2], _FRAME[2:])):
        _FILES.pipe_file(f"{place}/part-{part:05}.parquet", rows.to_parquet(index=False))
    dataset = RowTableDataset(filepath=place)
    dataset.prove_kind()
    table = dataset.load()
    assert len(table) == len(_FRAME)
    pd.testing.assert_frame_equal(table.to_pandas(), _FRAME)


def test_an_empty_file_of_json_lines_is_a_table_without_rows(tmp_path: Path) -> None:
    dataset = FileDataset(filepath=str(tmp_path / "failed.jsonl"))
    dataset.save(_FRAME[:0])
    table = as_table(dataset.load())
    assert list(table.frames(["request_id"])) == []
    assert table.to_pandas(["request_id", "cause"]).columns.tolist() == ["request_id", "cause"]
    assert table.empty(["cause"]).dtypes.tolist() == ["str"]
    assert not len(table["request_id"])
