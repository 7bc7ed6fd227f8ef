"""Single files of common formats, replaced whole."""

import json
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import FileDataset

_FRAME = pd.DataFrame({"query": ["ä \u2028 /", "2024-01-01"], "pos": [["a"], ["b", "c"]]})


def test_json_lines_are_one_object_a_row_with_their_lists(tmp_path: Path) -> None:
    path = tmp_path / "out" / "rows.jsonl"
    dataset = FileDataset(filepath=str(path))
    assert not dataset.exists()
    dataset.save(_FRAME)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == _FRAME.to_dict("records")
    assert dataset.load().to_dict("records") == _FRAME.to_dict("records")
    assert [file.name for file in path.parent.iterdir()] == ["rows.jsonl"]


def test_no_rows_are_an_empty_file(tmp_path: Path) -> None:
    dataset = FileDataset(filepath=str(tmp_path / "rows.jsonl"))
    dataset.save(_FRAME.head(0))
    assert (tmp_path / "rows.jsonl").read_bytes() == b""


def test_a_save_that_fails_leaves_the_file_of_before(tmp_path: Path) -> None:
    dataset = FileDataset(filepath=str(tmp_path / "rows.json"))
    dataset.save([1])
    with pytest.raises(DatasetError):
        dataset.save([object()])
    assert dataset.load() == [1]
    assert [file.name for file in tmp_path.iterdir()] == ["rows.json"]
