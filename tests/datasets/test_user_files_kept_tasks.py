"""Tasks of an earlier run in place of a tasks file."""

from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import KeptTasksDataset, TableDataset
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task

_ROW = Task(task="Sort a review.", labels=("good", "bad")).to_row("brainstorm", "a-model")


def _write(path: Path, row: dict[str, object]) -> KeptTasksDataset:
    pd.DataFrame([row]).to_parquet(path)
    return KeptTasksDataset(filepath=str(path))


def test_it_loads_the_table_as_it_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "tasks.parquet"
    table = TableDataset(filepath=str(path), save_args={"schema": TASKS_ARROW_SCHEMA})
    table.save(pd.DataFrame([_ROW]))
    dataset = KeptTasksDataset(filepath=str(path))

    pd.testing.assert_frame_equal(dataset.load().table, table.load())
    assert dataset.exists()
    assert str(path) in str(dataset)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"task": ""}, "at least 1 character"),
        ({"attributes": "{"}, "Expecting property name"),
        ({"attributes": '{"gone": 1}'}, "gone"),
        ({"labels": [{"name": "one"}]}, "has one label"),
    ],
)
def test_tasks_of_a_version_that_wrote_them_otherwise_are_told_in_one_line(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    assert says in _complaint(_write(tmp_path / "tasks.parquet", _ROW | change))


def test_a_missing_column_is_told_likewise(tmp_path: Path) -> None:
    row = {name: value for name, value in _ROW.items() if name != "weight"}

    assert "weight" in _complaint(_write(tmp_path / "tasks.parquet", row))


def _complaint(dataset: KeptTasksDataset) -> str:
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    line = format_user_error(caught.value)
    assert line is not None
    assert line.startswith("The tasks that the run of from_run kept can't be read by this version: ")
    assert "Next: check out" in line
    assert "\n" not in line
    return line
