"""How each format of a tasks file is read, and what is said of a file that is not of its format."""

import io
from collections.abc import Callable
from typing import Any

import pandas as pd

from synthetic_textcat.datasets.strict_readers import read_csv, read_text
from synthetic_textcat.datasets.yaml_text import read_yaml
from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.schemas.tasks_file import JsonError, parse_json
from synthetic_textcat.text.visible_text import single_line

_MEND = "Next: mend that place"


def _read_yaml(content: bytes, file: str) -> Any:
    return read_yaml(content, file, TasksFileError)


def _read_json(content: bytes, file: str) -> Any:
    text = _text(content, file)
    try:
        return parse_json(text) if text.strip() else None
    except JsonError as error:
        where = f", line {error.line}, column {error.column}" if error.line else ""
        raise TasksFileError(f"{file}{where} is not JSON: {error.problem}. {_MEND}") from None


def _read_json_lines(content: bytes, file: str) -> list[Any]:
    entries = []
    for number, line in enumerate(_text(content, file).split("\n"), start=1):
        try:
            if line.strip():
                entries.append(parse_json(line))
        except JsonError as error:
            where = f", line {number}" + (f", column {error.column}" if error.column else "")
            raise TasksFileError(
                f"{file}{where} is not JSON: {error.problem}. Next: write one task a line, as {{...}}"
            ) from None
    return entries


def _read_csv(content: bytes, file: str) -> pd.DataFrame:
    return read_csv(content, file, TasksFileError)


def _read_parquet(content: bytes, file: str) -> pd.DataFrame:
    import pyarrow as pa

    try:
        return pd.read_parquet(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = single_line(error, 200)
        raise TasksFileError(f"{file} is not Parquet: {reason}. Next: write it again") from None


def _text(content: bytes, file: str) -> str:
    return read_text(content, file, TasksFileError)


FORMATS: dict[str, Callable[[bytes, str], Any]] = {
    ".yml": _read_yaml,
    ".yaml": _read_yaml,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
"""By suffix."""
