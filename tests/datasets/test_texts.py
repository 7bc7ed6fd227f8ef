"""A user's own texts: one column of a CSV file, or one line that says what is wrong."""

from pathlib import Path

import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import TextsDataset
from synthetic_textcat.error_messages import in_one_line
from synthetic_textcat.errors import ReferenceTextsError


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
    line = in_one_line(caught.value) or ""
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
