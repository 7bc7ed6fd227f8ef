"""A user's own table, in any of its formats, or one line that says what is wrong.

A user's own texts: one column of a CSV file, or one line that says what is wrong.

The list of domains: errors name the file that was read.
"""

from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import DomainsFileDataset, TextsDataset, UserTableDataset
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import DomainsFileError, EvaluationError, ReferenceTextsError
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import read_domains
from tests.support.each_case import each_of

_ROWS = pd.DataFrame({"text": ["NA", "one;\ntwo"], "label": ["001", "x"]})


@pytest.mark.parametrize("name", ["rows.csv", "rows.CSV", "semicolons.csv", "rows.jsonl", "rows.parquet"])
def test_each_format_holds_the_same_rows(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    if name.endswith("jsonl"):
        _ROWS.to_json(file, orient="records", lines=True)
    elif name.endswith("parquet"):
        _ROWS.to_parquet(file)
    else:
        _ROWS.to_csv(file, index=False, sep=";" if "semi" in name else ",", encoding="utf-8-sig")
    rows = UserTableDataset(filepath=str(file)).load()
    assert rows.to_dict("records") == _ROWS.to_dict("records")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("rows.csv", b"text,label\na,b,c\n", "rows.csv, line 2 has 3 and the header 2 cells. Next: "),
        ("rows.jsonl", b'{"text": "a"}\n{"text": }\n', "rows.jsonl, line 2, column 10 is not JSON: "),
        ("rows.jsonl", b'{"text": "a"}\n\n["a"]\n', "rows.jsonl, line 3 is not an object. Next: write one row a line"),
        ("rows.parquet", b"text", "rows.parquet is not Parquet: "),
        ("rows.xlsx", b"", "rows.xlsx has a suffix that is none of .csv, .parquet, .jsonl. Next: "),
    ],
)
def test_what_cannot_be_read_is_one_line(
    name: str, content: bytes, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        UserTableDataset(filepath=name).load()
    assert isinstance(caught.value.__cause__, EvaluationError)
    line = format_user_error(caught.value) or ""
    assert line.startswith(complaint)
    assert "\n" not in line


def test_the_users_file_is_never_written(tmp_path: Path) -> None:
    entry = UserTableDataset(filepath=str(tmp_path / "rows.csv"))
    assert not entry.exists()
    with pytest.raises(DatasetError, match="is the user's"):
        entry.save(_ROWS)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "reference.csv"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_column_is_read_as_it_is_less_what_is_empty(separator: str, file: Path) -> None:
    rows = [("id", "text"), ("1", "NA"), ("2", '"One\nof, two; ""lines"""'), ("3", "  "), ("4", "001")]
    file.write_text("\ufeff" + "\n".join(separator.join(row) for row in rows), encoding="utf-8")
    texts = TextsDataset(filepath=str(file))
    assert texts.exists()
    assert texts.load() == ["NA", 'One\nof, two; "lines"', "001"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"Text,label\nA,b\n", "reference.csv needs one column 'text'; its columns are: Text, label. Next: name the"),
        (b"text,text\nA,b\n", "reference.csv needs one column 'text'; its columns are: text, text. Next: "),
        (b"", "reference.csv needs one column 'text'; its columns are: none. Next: "),
        (b"text\n\xff\n", "reference.csv, line 2 is not UTF-8: byte 0xff. Next: "),
        (b"text,id\nA, b, 1\n", "reference.csv, line 2 has 3 and the header 2 cells. Next: "),
    ],
)
def test_what_cannot_be_read_is_one_line_with_the_file_and_the_next_step(
    content: bytes, complaint: str, file: Path
) -> None:
    file.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        TextsDataset(filepath=str(file)).load()
    assert isinstance(caught.value.__cause__, ReferenceTextsError)
    line = format_user_error(caught.value) or ""
    assert line.startswith(complaint)
    assert "\n" not in line


def test_a_file_without_a_text_is_told_and_not_taken_for_no_file(file: Path) -> None:
    file.write_text("text\n  \n", encoding="utf-8")
    with pytest.raises(DatasetError, match="holds no text"):
        TextsDataset(filepath=str(file)).load()


def test_they_cannot_be_saved(file: Path) -> None:
    with pytest.raises(DatasetError, match="can't be saved"):
        TextsDataset(filepath=str(file)).save("x")  # type: ignore[arg-type]
    assert not file.exists()


@pytest.fixture(autouse=True)
def _in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_rules_name_the_file_that_was_read() -> None:
    dataset = DomainsFileDataset(filepath=str(Path("fields.yml").resolve()))
    Path("fields.yml").write_text("- bakery\n- zoo\n", encoding="utf-8")
    assert read_domains(dataset.load()) == ["bakery", "zoo"]
    assert dataset.preview() == "- bakery\n- zoo\n"
    Path("fields.yml").write_text("- bakery\n- 3\n", encoding="utf-8")
    with pytest.raises(DomainsFileError, match=r"^fields\.yml, entry 2 is 3, which is not text\. Next: "):
        read_domains(dataset.load())


@each_of(
    ("text", "says"),
    [
        (None, "fields.yml is missing. Next: "),
        ("- a: b: c", "fields.yml, line 1, column 7 is not YAML: "),
        ("- a\n- !!timestamp foo", "fields.yml, line 2, column 3 is not YAML: 'foo' is no timestamp. Next: "),
        ("- !!bool foo", "fields.yml, line 1, column 3 is not YAML: 'foo' is no bool. Next: "),
        ('- !!int ""', "fields.yml, line 1, column 3 is not YAML: '' is no int. Next: "),
    ],
)
def test_what_can_not_be_read_is_named(text: str | None, says: str) -> None:
    if text is not None:
        Path("fields.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        DomainsFileDataset(filepath="fields.yml").load()
    assert str(caught.value.__cause__).startswith(says)
