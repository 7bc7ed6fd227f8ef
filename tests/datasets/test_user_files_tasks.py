"""A tasks file is read by its suffix; what can't be read is one line that names the place."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import TasksFileDataset
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import TasksFileError
from tests.support.each_case import each_of
from tests.support.tasks_files import WRITERS, Entries

_ENTRIES: Entries = [{"task": "Tell.", "labels": ["a", "b"], "language": {"German": 1.0}}, {"task": "Name it."}]


@pytest.fixture(autouse=True)
def _in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _frame(name: str) -> pd.DataFrame:
    content: Any = TasksFileDataset(filepath=name).load().content
    return pd.DataFrame(content)


def _complaint(name: str, content: bytes | str | None) -> str:
    path = Path(name).resolve()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DatasetError) as caught:
        TasksFileDataset(filepath=str(path)).load()
    assert isinstance(caught.value.__cause__, TasksFileError)
    line = format_user_error(caught.value) or ""
    assert "\n" not in line
    assert "Next: " in line
    assert line.startswith(name)
    return line.removeprefix(name)


@each_of("suffix", WRITERS)
def test_names_the_file_as_seen_from_the_project(suffix: str) -> None:
    path = Path(f"tasks{suffix}").resolve()
    dataset = TasksFileDataset(filepath=str(path), metadata={"layer": "raw"})
    assert not dataset.exists()
    WRITERS[suffix](_ENTRIES, path)
    assert dataset.exists()
    assert dataset.load().path == f"tasks{suffix}"
    assert dataset.metadata == {"layer": "raw"}


def test_the_suffix_may_be_in_capitals() -> None:
    Path("TASKS.YML").write_text("- Tell.", encoding="utf-8")
    assert TasksFileDataset(filepath="TASKS.YML").load().content == ["Tell."]


@pytest.mark.parametrize("suffix", [".yml", ".json", ".jsonl", ".csv"])
@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_holds_nothing(suffix: str, content: str) -> None:
    Path(f"tasks{suffix}").write_text(content, encoding="utf-8")
    assert _frame(f"tasks{suffix}").empty


@each_of("suffix", [".yml", ".json", ".jsonl", ".csv"])
def test_a_byte_order_mark_is_no_part_of_it(suffix: str) -> None:
    WRITERS[suffix](_ENTRIES, path := Path(f"tasks{suffix}"))
    plain = _frame(path.name)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    pd.testing.assert_frame_equal(_frame(path.name), plain)


@each_of(
    ("name", "content", "says"),
    [
        ("tasks.yml", None, " is missing. Next: restore it, or set the filepath of tasks_file"),
        ("tasks.txt", "Tell.", " has a suffix that is none of .yml, .yaml, .json, .jsonl, .ndjson, .csv, .parquet."),
        ("tasks", "Tell.", " has a suffix that is none of .yml"),
        ("tasks.yml", "- task: one\n- task: [two\n", ", line 3, column 1 is not YAML: expected ',' or ']'"),
        ("tasks.yml", "- task: a\n  labels: [a, b]\n  labels: [c]", ", line 3, column 3 is not YAML: the key 'labels'"),
        ("tasks.yml", "- task: !!python/name:os.system", ", line 1, column 9 is not YAML: could not determine"),
        ("tasks.yml", "- a\n- b\x07", ", line 2 is not YAML: the character '\\x07' is not allowed"),
        (
            "tasks.yml",
            "- task: Sort: this",
            ", line 1, column 13 is not YAML: mapping values are not allowed here. Next: put the text in quotes",
        ),
        (
            "tasks.yml",
            "- task: Sort\n\tlabels: [a, b]",
            ", line 2, column 1 is not YAML: found character '\\t' that cannot start any token. Next: put spaces",
        ),
        ("tasks.yml", "- 2024-99-99", ", line 1, column 3 is not YAML: '2024-99-99' is no timestamp. Next: "),
        ("tasks.yml", '- "\\UFFFFFFFF"', " is not YAML: "),
        ("tasks.yml", "- " + "[\n" * 1_000, " is not YAML: it is nested too deeply"),
        ("tasks.json", '[{"task": "a"},\n {"task": }]', ", line 2, column 11 is not JSON: Expecting value"),
        ("tasks.json", '[{"task": "a", "task": "b"}]', " is not JSON: the key 'task' occurs twice in one object"),
        ("tasks.json", "[" * 100_000, " is not JSON: it is nested too deeply"),
        ("tasks.jsonl", '"a"\n\n{"task": "b"\n', ", line 3, column 13 is not JSON: Expecting ',' delimiter"),
        ("tasks.jsonl", '"a"\n{"task": "a", "task": "b"}', ", line 2 is not JSON: the key 'task' occurs twice"),
        ("tasks.csv", "task,labels\nTell.\n", ", line 2 has 1 and the header 2 cells. Next: put a cell that holds ','"),
        ("tasks.csv", 'task\n"a\nb"\nc;d,e\n', ", line 4 has 2 and the header 1 cells"),
        ("tasks.csv", 'task\n"a', ", line 2 is not CSV: unexpected end of data"),
        ("tasks.csv", 'task\n"a"b', ", line 2 is not CSV: "),
        ("tasks.parquet", b"", " is not Parquet: "),
        ("tasks.parquet", b"task\nTell.\nName it.\n", " is not Parquet: "),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_place(name: str, content: bytes | str | None, says: str) -> None:
    assert _complaint(name, content).startswith(says)


@pytest.mark.parametrize("name", ["tasks.yml", "tasks"])
def test_a_folder_is_told(name: str) -> None:
    Path(name).mkdir()
    assert _complaint(name, None) == " is a folder. Next: set a file as filepath of tasks_file in the catalog"


@each_of("suffix", [".yml", ".json", ".jsonl", ".csv"])
def test_bytes_of_another_encoding_are_named_with_the_line(suffix: str) -> None:
    assert _complaint(f"tasks{suffix}", b"a\nb\nGr\xfc\xdfe").startswith(", line 3 is not UTF-8: byte 0xfc. Next: save")


@each_of("suffix", WRITERS)
def test_preview_shows_the_first_tasks(suffix: str) -> None:
    WRITERS[suffix](_ENTRIES, Path(f"tasks{suffix}"))
    preview = TasksFileDataset(filepath=f"tasks{suffix}").preview(nrows=1)
    assert preview["columns"] == ["task", "labels", "language"]
    [[task, *_]] = json.loads(json.dumps(preview))["data"]
    assert task == "Tell."


def test_preview_shows_plain_sentences() -> None:
    Path("tasks.yml").write_text("- Tell.\n- task: Name it.\n", encoding="utf-8")
    assert TasksFileDataset(filepath="tasks.yml").preview()["data"] == [["Tell."], ["Name it."]]


def test_is_not_saved() -> None:
    with pytest.raises(DatasetError, match="written by hand"):
        TasksFileDataset(filepath="tasks.yml").save("x")  # type: ignore[arg-type]
