"""What Kedro-Viz gets to show: plain, short, and harmless whatever the file holds."""

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.datasets import ChatModelDataset, FileDataset, FolderDataset, OptionalDataset, TextsDataset
from synthetic_textcat.datasets.previews import ABSENT, rows_preview, value_preview, words_of

_SCRIPT = '[a](" onmouseover="alert(1)) <img src=x onerror=alert(1)> _it_'
_KINDS = {
    "rows.parquet": "TablePreview",
    "rows.csv": "TablePreview",
    "rows.jsonl": "TablePreview",
    "values.json": "JSONPreview",
    "prices.yml": "TextPreview",
    "page.html": "TextPreview",
    "page.md": "TextPreview",
    "plan_sha256": "TextPreview",
}
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=5),
)


def _refused(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.parametrize(("name", "kind"), _KINDS.items())
def test_the_kind_is_told_by_the_name_of_what_comes_back(name: str, kind: str, tmp_path: Path) -> None:
    preview = FileDataset(filepath=str(tmp_path / name)).preview
    assert inspect.signature(preview).return_annotation.__name__ == kind  # as Kedro-Viz looks it up
    assert ABSENT in str(preview())


@pytest.mark.parametrize("name", [name for name, kind in _KINDS.items() if kind == "TablePreview"])
def test_a_table_shows_its_first_rows_with_lists_as_text(name: str, tmp_path: Path) -> None:
    dataset = FileDataset(filepath=str(tmp_path / name))
    frame = pd.DataFrame({"text": [_SCRIPT, "x" * 1000, "c"], "pos": [["a"], ["b"], []], "n": [1, 2, 3]})
    dataset.save(frame)
    shown = dataset.preview(nrows=2)
    assert shown["columns"] == ["text", "pos", "n"]
    assert [row[0] for row in shown["data"]] == [_SCRIPT, "x" * 300 + " …"]
    assert shown["data"][0][1] in ('["a"]', "['a']")  # the second in a CSV, which knows text only
    dataset.save(frame.head(0))
    assert dataset.preview()["data"] == []


def test_label_sets_are_lists_as_the_file_has_them() -> None:
    frame = pd.DataFrame({"labels": [("Billing", "送货"), ()]})
    assert rows_preview(frame)["data"] == [['["Billing", "送货"]'], ["[]"]]


def test_what_is_no_number_is_empty() -> None:
    frame = pd.DataFrame({"number": [np.nan, np.inf, 1.5], "when": [pd.NaT, pd.Timestamp("2026-01-02"), pd.NaT]})
    assert rows_preview(frame)["data"] == [[None, None], [None, "2026-01-02 00:00:00"], [1.5, None]]


@given(value=_PLAIN)
def test_any_value_becomes_json_that_a_browser_reads(value: Any) -> None:
    json.loads(value_preview(value), parse_constant=_refused)


@given(rows=st.lists(_PLAIN, min_size=1, max_size=4))
def test_any_cell_becomes_a_plain_value(rows: list[Any]) -> None:
    shown = rows_preview(pd.DataFrame({"cell": pd.Series(rows, dtype="object")}))
    assert all(cell is None or isinstance(cell, str | int | float) for [cell] in shown["data"])
    json.loads(json.dumps(shown), parse_constant=_refused)


def test_a_long_list_is_cut_and_says_so() -> None:
    shown = json.loads(value_preview({"worst": list(range(100))}))["worst"]
    assert shown == [*range(20), "and 80 more"]


def test_a_file_that_json_does_not_know_is_mended(tmp_path: Path) -> None:
    tmp_path.joinpath("values.json").write_text('{"yield": NaN}', encoding="utf-8")
    assert json.loads(FileDataset(filepath=str(tmp_path / "values.json")).preview()) == {"yield": None}


def test_a_text_is_shown_as_it_stands_up_to_a_length(tmp_path: Path) -> None:
    prices = FileDataset(filepath=str(tmp_path / "prices.yml"))
    tmp_path.joinpath("prices.yml").write_text(f"as_of: 2025-08-07  # {_SCRIPT}\n", encoding="utf-8")
    assert prices.preview() == f"as_of: 2025-08-07  # {_SCRIPT}\n"
    assert prices.load()["as_of"].year == 2025
    tmp_path.joinpath("prices.yml").write_text("y" * 30_000, encoding="utf-8")
    assert len(prices.preview()) < 20_010
    tmp_path.joinpath("prices.yml").write_text("", encoding="utf-8")
    assert prices.preview() == "(empty)"


def test_a_page_is_shown_by_its_words() -> None:
    page = (
        "<html><head><title>no</title><style>no</style></head><body><h1>180 of\n200</h1>"
        "<select><option>no</option></select><table><tr><th>task</th><th>rows</th></tr>"
        "<tr><td>Sort &lt;b&gt;</td><td> 3</td></tr></table><p>a<br>b<script>no</script>"
    )
    assert words_of(page) == "180 of 200\ntask | rows\nSort <b> | 3\na\nb"


def test_a_folder_is_a_listing(tmp_path: Path) -> None:
    folder = FolderDataset(path=str(tmp_path / "export"))
    assert folder.preview()["columns"] == [ABSENT]
    folder.save({f"data/{number:02}.json": [number] for number in range(30)})
    shown = folder.preview()
    assert shown["columns"] == ["file", "bytes"]
    assert shown["data"][0] == ["data/00.json", 6]
    assert shown["data"][20:] == [["and 10 more", None]]


def test_an_optional_file_is_shown_as_the_dataset_within_shows_it(tmp_path: Path) -> None:
    entry = {"type": "synthetic_textcat.datasets.TextsDataset", "filepath": str(tmp_path / "reference.csv")}
    dataset = OptionalDataset(dataset=entry)
    assert dataset.preview()["columns"] == [ABSENT]
    assert dataset._describe()["filepath"] == str(tmp_path / "reference.csv")
    tmp_path.joinpath("reference.csv").write_text("id;text\n1;one\n2;two\n", encoding="utf-8")
    assert dataset.preview(nrows=1)["data"] == [["one"]]
    assert "preview" not in vars(OptionalDataset(dataset={"type": "MemoryDataset"}))
    assert TextsDataset(filepath=str(tmp_path / "reference.csv")).preview()["columns"] == ["text"]


def test_of_the_model_no_value_is_shown_that_might_be_a_secret() -> None:
    dataset = ChatModelDataset(class_path="langchain_openai.ChatOpenAI", kwargs={"default_headers": {"key": "s3cret"}})
    assert json.loads(dataset.preview()) == {"class_path": "langchain_openai.ChatOpenAI", "kwargs": ["default_headers"]}
