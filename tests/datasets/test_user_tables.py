"""A user's own table, in any of its formats, or one line that says what is wrong."""

from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import UserTableDataset
from synthetic_textcat.error_messages import in_one_line
from synthetic_textcat.errors import EvaluationError

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
        ("rows.jsonl", b'{"text": "a"}\n{"text": }\n', "rows.jsonl, line 2 is not JSON: "),
        ("rows.jsonl", b'{"text": "a"}\n\n["a"]\n', "rows.jsonl, line 3 is no object. Next: write one row a line"),
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
    line = in_one_line(caught.value) or ""
    assert line.startswith(complaint)
    assert "\n" not in line


def test_the_users_file_is_never_written(tmp_path: Path) -> None:
    entry = UserTableDataset(filepath=str(tmp_path / "rows.csv"))
    assert not entry.exists()
    with pytest.raises(DatasetError, match="is the user's"):
        entry.save(_ROWS)  # type: ignore[arg-type]
