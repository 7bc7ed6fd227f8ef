"""Text and label files, one task at a time."""

import codecs
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.datasets import FolderDataset
from synthetic_textcat.pipelines.export.task_formats import Formulas, _metadata_of, argilla, escaped, text_label_files
from synthetic_textcat.schemas.rows import plain, records_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from tests.pipelines.export.builders import by_task, read
from tests.pipelines.quality_report.builders import example_frame

_CLOSED = Task.model_validate({"task": "Sort a review.", "labels": ["mixed", "good", "bad"]})
_WILD = Task.model_validate({"task": '../../etc/passwd\n# "=cmd()"'})
_UNDO = re.compile(r"^'+[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001  as the folder's README says


def _rows(*rows: dict[str, Any]) -> pd.DataFrame:
    return example_frame([{"task_id": _CLOSED.task_id, **row} for row in rows])


def _saved(folder: Path, examples: pd.DataFrame, formulas: Formulas = "escape") -> dict[str, Any]:
    dataset = FolderDataset(path=str(folder / "text_label"))
    dataset.save(text_label_files(by_task(examples), [_CLOSED, _WILD], formulas))
    return {name: load() for name, load in dataset.load().items()}


def test_each_task_has_its_files_under_a_safe_name_and_an_index_says_which(tmp_path: Path) -> None:
    wild = {"task_id": _WILD.task_id, "task": _WILD.task, "label": "b"}
    files = _saved(tmp_path, _rows({}, wild, {**wild, "label": "a"}))
    ids = sorted([_CLOSED.task_id, _WILD.task_id])
    assert set(files) == {
        *(f"{id_}{suffix}" for id_ in ids for suffix in (".csv", ".labels.json", ".parquet")),
        *("README.md", "index.json"),
    }
    assert {entry["task_id"]: entry["task"] for entry in files["index.json"]}[_WILD.task_id] == _WILD.task
    assert [(entry["task_id"] == _CLOSED.task_id, entry["rows"]) for entry in files["index.json"]] == [
        (id_ == _CLOSED.task_id, 1 if id_ == _CLOSED.task_id else 2) for id_ in ids
    ]
    assert files[f"{_CLOSED.task_id}.labels.json"]["label_names"] == ["mixed", "good", "bad"]
    assert files[f"{_CLOSED.task_id}.labels.json"]["closed"] is True
    assert files[f"{_WILD.task_id}.labels.json"]["label_names"] == ["a", "b"]


def test_the_tables_have_text_and_label_and_nothing_else(tmp_path: Path) -> None:
    files = _saved(tmp_path, _rows({"input_text": 'He said "no",\nthen; left.'}, {"label": "NA"}))
    for suffix in (".parquet", ".csv"):
        frame = files[f"{_CLOSED.task_id}{suffix}"]
        assert list(frame.columns) == ["text", "label"]
        assert frame["text"].tolist() == ['He said "no",\nthen; left.', "They forgot the sauce."]
        assert frame["label"].tolist() == ["bad", "NA"]


def test_no_cell_runs_as_a_formula(tmp_path: Path) -> None:
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''-1"]
    files = _saved(tmp_path, _rows(*({"input_text": cell, "label": cell} for cell in cells)))
    assert files[f"{_CLOSED.task_id}.csv"].to_numpy().tolist() == [[f"'{cell}"] * 2 for cell in cells]
    assert files[f"{_CLOSED.task_id}.parquet"].to_numpy().tolist() == [[cell] * 2 for cell in cells]
    assert "remove one apostrophe" in files["README.md"]


def test_cells_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    files = _saved(tmp_path, _rows({"input_text": "=1+1"}), "keep")
    assert files[f"{_CLOSED.task_id}.csv"]["text"].tolist() == ["=1+1"]
    assert "as accepted" in files["README.md"]


def test_a_byte_order_mark_is_all_that_differs_where_it_is_asked_for(tmp_path: Path) -> None:
    rows, name = _rows({"input_text": 'Größe "L"\n日本', "label": "=ß"}, {}), f"{_CLOSED.task_id}.csv"
    found = {}
    for bom in (False, True):
        dataset = FolderDataset(path=str(tmp_path / str(bom)))
        dataset.save(text_label_files(by_task(rows), [_CLOSED], "escape", bom=bom))
        files = dataset.load()
        found[bom] = (tmp_path / str(bom) / name).read_bytes(), files[name]().to_numpy().tolist()
        assert ("byte order mark" in files["README.md"]()) is bom
    assert found[True] == (codecs.BOM_UTF8 + found[False][0], found[False][1])


@given(st.lists(st.text(alphabet="'=+-@\t\r\nab ＝", max_size=6), min_size=1, max_size=20))  # noqa: RUF001
def test_what_was_escaped_can_be_read_as_it_was(cells: list[str]) -> None:
    found = escaped(pd.Series(cells, dtype="str")).tolist()
    assert [cell[1:] if _UNDO.match(cell) else cell for cell in found] == cells
    assert not [cell for cell in found if cell[:1] in set("=+-@\t\r\n＝")]  # noqa: RUF001


def test_no_examples_are_no_tasks(tmp_path: Path) -> None:
    assert set(_saved(tmp_path, _rows())) == {"index.json", "README.md"}


def test_by_choice_parquet_and_csv_say_whether_the_judge_agrees(tmp_path: Path) -> None:
    files = _saved(tmp_path, _rows({}, {}, {}).assign(label_agreement=pd.array([True, None, False], dtype="boolean")))

    assert plain(files[f"{_CLOSED.task_id}.parquet"]["label_agreement"]) == [True, None, False]
    assert files[f"{_CLOSED.task_id}.csv"]["label_agreement"].tolist() == ["true", "", "false"]
    assert "label_agreement" in files["README.md"]


_ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)


@given(st.lists(st.tuples(_ANY, _ANY, st.none() | _ANY), max_size=4))
def test_argillas_records_are_written_as_json_writes_them(rows: list[tuple[str, str, str | None]]) -> None:
    own = [{"input_text": text, "label": label, "model_name": model} for text, label, model in rows]
    table = example_frame(own) if own else example_frame([{}]).head(0)
    if own:
        table = table.assign(**{'my "own': pd.array([label for _, label, _ in rows], dtype="str")})
    written = read(argilla(FrameTable(table), _CLOSED)["records.json"])
    records = [
        {
            "id": row["request_id"],
            "fields": {"text": row["input_text"], "task": row["task"]},
            "metadata": {name: row[name] for name in _metadata_of(table) if row[name] is not None},
            "suggestions": {
                "label": {"value": row["label"], "score": None, "agent": row["model_name"], "type": "model"}
            },
        }
        for row in records_of(table)
    ]
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    assert written == (f"[\n{lines}\n]\n" if records else "[]\n")
