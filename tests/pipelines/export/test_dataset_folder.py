"""The dataset folder's configs of single tasks."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from synthetic_textcat.datasets import FolderDataset
from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.export.nodes import export_huggingface
from synthetic_textcat.schemas.parameters import ExportParameters
from synthetic_textcat.schemas.publications import is_part, parts, path_of, task_config
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from synthetic_textcat.work_pool import THIS_MACHINE
from tests.pipelines.export.builders import by_task, tasks_table
from tests.pipelines.quality_report.builders import example_frame

_CLOSED = Task.model_validate({"task": "Sort a note.", "labels": ["NA", "no", "1", "2024-01-01", "007"]})
_OPEN = Task.model_validate({"task": "Name the tone."})


def _exported(examples: pd.DataFrame, splits: pd.DataFrame, *tasks: Task) -> dict[str, Any]:
    tables = FrameTable(examples), by_task(examples), FrameTable(splits)
    return export_huggingface(*tables, tasks_table(*tasks), "# Card\n", ExportParameters(), THIS_MACHINE)


def _saved(folder: Path, *rows: tuple[Task, str, str | None]) -> FolderDataset:
    """The folder of rows, each with its task, label and split."""
    examples = example_frame(
        {
            "request_id": f"r{place}",
            "task_id": task.task_id,
            "task": task.task,
            "label": label,
            "input_text": f"{place}",
        }
        for place, (task, label, _) in enumerate(rows)
    )
    splits = pd.DataFrame({"split": pd.Series([split for *_, split in rows], dtype="str")})
    dataset = FolderDataset(path=str(folder / "huggingface"))
    dataset.save(_exported(examples, splits, _CLOSED, _OPEN))
    return dataset


def _read(dataset: FolderDataset, task: Task, split: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    with dataset.load()[path_of(task_config(task.task_id), split)].local_copy() as path:
        table = pq.read_table(path)
    info = json.loads(table.schema.metadata[b"huggingface"])
    return table.to_pylist(), info["info"]["features"]


def test_a_closed_task_has_numbers_whose_names_the_schema_declares(tmp_path: Path) -> None:
    dataset = _saved(tmp_path, (_CLOSED, "007", "train"), (_CLOSED, "NA", "train"), (_OPEN, "dry", "train"))
    rows, features = _read(dataset, _CLOSED, "train")
    assert rows == [{"text": "0", "label": 4}, {"text": "1", "label": 0}]
    assert features["label"] == {"names": ["NA", "no", "1", "2024-01-01", "007"], "_type": "ClassLabel"}
    assert features["text"] == {"dtype": "string", "_type": "Value"}


def test_by_choice_a_task_has_the_judges_agreement_with_its_type(tmp_path: Path) -> None:
    examples = example_frame(
        {"request_id": f"r{place}", "task_id": _CLOSED.task_id, "task": _CLOSED.task, "label": "no"}
        for place in range(3)
    ).assign(**{LABEL_AGREEMENT: pd.array([None, False, True], dtype="boolean")})
    splits = pd.DataFrame({"split": pd.Series(["train"] * 3, dtype="str")})
    dataset = FolderDataset(path=str(tmp_path / "huggingface"))
    dataset.save(_exported(examples, splits, _CLOSED))

    rows, features = _read(dataset, _CLOSED, "train")
    assert [row[LABEL_AGREEMENT] for row in rows] == [None, False, True]
    assert features[LABEL_AGREEMENT] == {"dtype": "bool", "_type": "Value"}
    for config in ("default", "text-label"):
        with dataset.load()[path_of(config, "train")].local_copy() as path:
            assert str(pq.read_schema(path).field(LABEL_AGREEMENT).type) == "bool"
    with dataset.load()[path_of("triplet", "train")].local_copy() as path:
        assert pq.read_schema(path).names == ["anchor", "positive", "negative"]


def test_an_open_task_has_texts(tmp_path: Path) -> None:
    rows, features = _read(_saved(tmp_path, (_OPEN, "NA", "test")), _OPEN, "test")
    assert rows == [{"text": "0", "label": "NA"}]
    assert features["label"] == {"dtype": "string", "_type": "Value"}


def test_a_task_has_files_for_its_splits_with_rows_only(tmp_path: Path) -> None:
    dataset = _saved(tmp_path, (_CLOSED, "no", "test"), (_OPEN, "dry", None), (_CLOSED, "no", None))
    own = {name for name in dataset.load() if "task-" in name}
    assert own == {path_of(task_config(_CLOSED.task_id), "test")}
    assert path_of("default", "train") in dataset.load()


def test_a_label_that_the_task_no_longer_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(StaleTableError, match=r"The label 'No' in the dataset 'examples' is not in .*Next: run `kedro"):
        _saved(tmp_path, (_CLOSED, "No", "train"))


def test_files_of_an_export_are_known_by_their_names() -> None:
    written = [part.path for part in parts({(_CLOSED.task_id, "train"): 1, (_OPEN.task_id, "test"): 2})]
    assert all(map(is_part, written))
    assert not any(
        map(is_part, ["data/other.parquet", "data/task-mine-train.parquet", "README.md", "data/task-train.csv"])
    )
