"""From a table of tasks, one row each, to entries as YAML would hold them: an empty cell is a key that is not given."""

import json
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.errors import nearest
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.schemas.tasks_file import JsonError, parse_json

Row = Mapping[Hashable, Any]

_LONGEST = 60


def check_columns(columns: list[str]) -> None:
    """Whether the columns are keys of a task.

    Raises:
        ValueError: If one is not, stands there twice, or `task` is missing.
    """
    for number, column in enumerate(columns, start=1):
        if not column.strip():
            raise ValueError(f"column {number} has no name; name it or remove it")
        if column not in Task.model_fields:
            raise ValueError(f"unknown column {column}; {nearest(column, Task.model_fields)}")
    if repeated := sorted({column for column in columns if columns.count(column) > 1}):
        raise ValueError(f"names the column {repeated[0]} twice; keep one")
    if "task" not in columns:
        raise ValueError("lacks the column task; add it, with one sentence a row that describes the task")


def entry_of(row: Row) -> dict[str, Any]:
    """The entry of a row: its cells as values, without those that are empty.

    Raises:
        ValueError: If a cell is broken; names the column.
    """
    cells = ((str(column), _cell(str(column), _plain(value))) for column, value in row.items())
    return {column: value for column, value in cells if value not in (None, "", {})}


def _plain(value: Any) -> Any:
    """Python's own lists, mappings, numbers and None, whatever Parquet and pandas made of them."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list) and value and all(isinstance(item, tuple) for item in value):
        value = dict(value)  # a map, as Arrow hands it over
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        # A struct has the keys of all rows; those of the others are null.
        return dict(_given(value))
    if isinstance(value, np.generic):
        value = value.item()
    return None if pd.isna(value) else value


def _given(mapping: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in mapping.items():
        if (plain := _plain(value)) is not None:
            yield key, plain


def _cell(column: str, value: Any) -> Any:
    if column == "task" or not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith(("[", "{")):
        return _from_json(column, text)
    if "|" in text and column in ATTRIBUTES:
        several = json.dumps([part.strip() for part in text.split("|") if part.strip()], ensure_ascii=False)
        raise ValueError(f"{column} holds {shown(text)}; write several values as a JSON list: {several}")
    if text and column == "labels":
        return _names(text)
    return [text] if text and column == "seed_examples" else text


def _from_json(column: str, text: str) -> Any:
    try:
        return parse_json(text)
    except JsonError as error:
        where = f" at character {error.column}" if error.column else ""
        # A text of the user's may begin with a bracket, as in "[URGENT] please call".
        or_list = f", or write a text as a JSON list: {_as_list(text)}" if column == "seed_examples" else ""
        raise ValueError(
            f"{column} begins like JSON and is none: {error.problem}{where}; mend that place{or_list}"
        ) from None


def _as_list(text: str) -> str:
    return json.dumps([text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."], ensure_ascii=False)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split("|")]
    if len(names) == 1:
        raise ValueError(f"labels holds one name, {text!r}; write two or more, with | between them")
    return names
