"""Tables on disk: whole files only, previews that Kedro-Viz can show."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import TableDataset
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task


def _table(folder: Path, **save_args: object) -> TableDataset:
    return TableDataset(filepath=str(folder / "tables" / "rows.parquet"), save_args=save_args)


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": pd.Series(["ä", None], dtype="str"), "number": [1, 2]}, index=[7, 8])
    table = _table(tmp_path)
    assert not table.exists()
    table.save(frame)
    assert table.exists()
    pd.testing.assert_frame_equal(table.load(), frame.reset_index(drop=True))


def test_a_save_that_fails_leaves_the_table_of_before(tmp_path: Path) -> None:
    table = _table(tmp_path, schema=pa.schema([("number", pa.int64())]))
    table.save(pd.DataFrame({"number": [1]}))
    with pytest.raises(DatasetError):
        table.save(pd.DataFrame({"number": ["no number"]}))
    assert table.load()["number"].tolist() == [1]
    assert [file.name for file in (tmp_path / "tables").iterdir()] == ["rows.parquet"]


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        _table(tmp_path).load()
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert str(caught.value.__cause__.filename).endswith("rows.parquet")


def test_preview_shows_the_first_rows_with_their_lists(tmp_path: Path) -> None:
    task = Task.model_validate({"task": "Sort a mail.", "labels": ["formal", "casual"]})
    table = _table(tmp_path, schema=TASKS_ARROW_SCHEMA)
    table.save(pd.DataFrame([task.to_row("file")] * 3, columns=TASKS_ARROW_SCHEMA.names))
    preview = table.preview(nrows=2)
    assert len(preview["data"]) == 2
    labels = json.loads(json.loads(json.dumps(preview))["data"][0][2])
    assert [label["name"] for label in labels] == ["formal", "casual"]
