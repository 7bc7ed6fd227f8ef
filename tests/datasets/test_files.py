"""Single files of common formats, replaced whole.

Tables on disk: whole files only, previews that Kedro-Viz can show.

Plots on disk.

Files that need not be there.
"""

import csv
import json
import subprocess
import sys
from math import inf, nan
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kedro.io import DatasetError
from plotly.graph_objects import Bar, Figure

from synthetic_textcat.datasets import FigureDataset, FileDataset, OptionalDataset, TableDataset
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from tests.support.examples import examples
from tests.support.strict_json import strictly_parsed

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


def _table(folder: Path, **save_args: object) -> TableDataset:
    return TableDataset(filepath=str(folder / "tables" / "rows.parquet"), save_args=save_args)


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": pd.Series(["ä", None], dtype="str"), "number": [1, 2]}, index=[7, 8])
    table = _table(tmp_path)
    assert not table.exists()
    table.save(frame)
    assert table.exists()
    pd.testing.assert_frame_equal(table.load(), frame.reset_index(drop=True))


def test_a_long_table_is_read_in_groups_of_rows(tmp_path: Path) -> None:
    texts = pd.Series((["a text", None, "other"] * 83_334)[:250_001], dtype="str")
    rows = pd.DataFrame({"number": range(250_001), "text": texts})
    table = TableDataset(filepath=str(tmp_path / "long.parquet"))
    table.save(rows)
    with pq.ParquetFile(tmp_path / "long.parquet") as file:
        groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    assert groups == [100_000, 100_000, 50_001]
    pd.testing.assert_frame_equal(table.load(), rows)


@pytest.mark.whole_run
def test_arrow_gives_back_what_is_free_when_a_table_is_loaded(tmp_path: Path) -> None:
    table = TableDataset(filepath=str(tmp_path / "rows.parquet"))
    table.save(pd.DataFrame({"text": ["a"]}))
    script = (
        "import numpy as np, psutil, pyarrow as pa; from synthetic_textcat.datasets import TableDataset\n"
        "held = lambda: psutil.Process().memory_info().rss\n"
        f"table = TableDataset(filepath={str(tmp_path / 'rows.parquet')!r}); table.load(); before = held()\n"
        "blocks = [pa.allocate_buffer(1_000_000) for _ in range(200)]\n"
        "for block in blocks: np.frombuffer(block, np.uint8)[:] = 1\n"
        "assert held() > before + 150e6; del blocks, block\n"
        "table.load(); assert held() < before + 50e6"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_options_for_reader_and_writer_come_first(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    table = TableDataset(filepath=str(path), load_args={"columns": ["text"]}, save_args={"row_group_size": 2})
    table.save(pd.DataFrame({"number": [1, 2, 3], "text": ["a", "b", "c"]}))
    with pq.ParquetFile(path) as file:
        assert file.num_row_groups == 2
    assert list(table.load().columns) == ["text"]


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


def test_comes_back_and_is_previewed(tmp_path: Path) -> None:
    figure = Figure(Bar(x=["accepted"], y=[3]), layout={"title": {"text": "Where rows ended"}})
    plot = FigureDataset(filepath=str(tmp_path / "plots" / "yield.json"))
    assert not plot.exists()
    plot.save(figure)
    assert plot.load() == figure
    assert plot.preview()["layout"]["title"]["text"] == "Where rows ended"


def test_is_none_while_its_file_is_absent_and_else_what_the_file_holds(tmp_path: Path) -> None:
    entry = {"type": "json.JSONDataset", "filepath": str(tmp_path / "previous.json")}
    dataset = OptionalDataset(dataset=entry, metadata={"kedro-viz": {"layer": "raw"}})
    assert dataset.load() is None
    assert not dataset.exists()
    dataset.save({"rows": 3})
    assert dataset.load() == {"rows": 3}
    assert dataset.exists()


@pytest.mark.parametrize("content", [[{"lix": [nan, 0.5]}, {"lix": -inf}], {"rows": ({"lix": inf}, 3)}])
def test_numbers_that_json_does_not_know_are_written_as_null(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "signals.json"
    FileDataset(filepath=str(path)).save(content)
    expected = json.dumps(content).replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null")
    assert strictly_parsed(path) == json.loads(expected)


_CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@examples(60)
@given(st.lists(st.tuples(_CELLS | st.none(), _CELLS, st.integers(-(2**63), 2**63 - 1)), max_size=5))
def test_fast_writers_give_the_bytes_of_pandas(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str | None, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    texts = pd.DataFrame({"a/b": [row[0] for row in rows], 'say "b"': [row[1] for row in rows]}, dtype="str")
    table = texts.assign(
        number=pd.Series([row[2] for row in rows], dtype="int64"),
        of=pd.Series([[row[1]] for row in rows], dtype=object),
    )
    FileDataset(filepath=str(folder / "t.jsonl")).save(table)
    FileDataset(filepath=str(folder / "t.csv")).save(texts)
    lines = table.to_json(orient="records", lines=True, force_ascii=False) if rows else ""
    assert (folder / "t.jsonl").read_bytes() == lines.encode()
    cells = texts.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
    assert (folder / "t.csv").read_bytes() == cells.encode()
