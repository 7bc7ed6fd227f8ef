"""Files of weights that entries of a tasks file name: `language: "@languages.csv"`, in the folder of the tasks file.

The choices of tasks, and of own attributes of tasks and labels, may each be a file. A table's cells hold them as JSON.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pandas as pd

from synthetic_textcat.datasets.fsspec_place import Place, find_place
from synthetic_textcat.datasets.weights_file import FolderOfWeights, with_weights
from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import JsonError, parse_json, title_of

_LABELS, _EXTRA = "labels", "extra"
_COLUMNS = frozenset({*ATTRIBUTES, _EXTRA, _LABELS})


def tasks_with_weights(content: object, file: str, tasks_file: Place) -> object:
    """The content of a tasks file with mappings of values to weights in place of the files that it names.

    Args:
        content: A list of entries, or a frame with one row per task; anything else is for the reader of tasks.
        file: Path for errors.
        tasks_file: Its place.

    Raises:
        TasksFileError: With one line, if such a file is missing or faulty.
        StorageError: If one can't be read.
    """
    folder = FolderOfWeights(lambda path: _beside(tasks_file, path), "next to the tasks file", TasksFileError)
    if isinstance(content, list):
        return [_entry(entry, folder, _owner(file, number, entry)) for number, entry in enumerate(content, start=1)]
    if isinstance(content, pd.DataFrame) and content.columns.is_unique:
        return _table(content, folder, file)
    return content


def _beside(tasks_file: Place, path: str) -> tuple[Place, str]:
    """The place of a file that is named relative to the tasks file, in the same file system; or of a URL."""
    if "://" in path:
        place = find_place(path)
    elif tasks_file.is_local:
        place = find_place(str(PurePath(tasks_file.parent, path)))
    else:
        shown = tasks_file.shown.rpartition("/")[0]
        place = replace(tasks_file, path=f"{tasks_file.parent}/{path}", shown=f"{shown}/{path}")
    return place, place.shown


def _owner(file: str, number: int, entry: object) -> str:
    return f"{file}, entry {number}{title_of(entry)}: "


def _entry(entry: Any, folder: FolderOfWeights, owner: str) -> Any:
    """An entry, or the cells of a row that can name files, with what the files hold."""
    if not isinstance(entry, Mapping):
        return entry
    labels = entry.get(_LABELS)
    if isinstance(labels, Iterable) and not isinstance(labels, str | Mapping):
        entry = {**entry, _LABELS: [_label(label, folder, owner) for label in labels]}
    return with_weights(entry, folder, owner)


def _label(label: Any, folder: FolderOfWeights, owner: str) -> Any:
    if not isinstance(label, Mapping) or not isinstance(label.get(_EXTRA), Mapping):
        return label
    own = with_weights({_EXTRA: label[_EXTRA]}, folder, f"{owner}label {label.get('name')}, ")
    return {**label, **own}


def _table(table: pd.DataFrame, folder: FolderOfWeights, file: str) -> pd.DataFrame:
    """The table with new cells in place of those that name a file, where there are any."""
    columns = [column for column in table.columns if column in _COLUMNS and table[column].map(_names_a_file).any()]
    if not columns:
        return table
    rows = table.to_dict("records")
    for number, row in enumerate(rows, start=1):
        named = {str(column): _parsed(row[column]) for column in columns if _names_a_file(row[column])}
        found = _entry(named, folder, _owner(file, number, row))
        row |= {column: _cell(row[column], value) for column, value in found.items()}
    cells = {str(column): pd.Series([row[column] for row in rows], table.index, dtype="object") for column in columns}
    return table.assign(**cells)


def _cell(cell: Any, value: Any) -> Any:
    """The cell with a value: as JSON in a table of texts, unless it is a text still."""
    if not isinstance(cell, str):
        return value
    return cell if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _names_a_file(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.lstrip().startswith("@") or '"@' in cell
    if isinstance(cell, Mapping):
        return any(map(_names_a_file, cell.values()))
    return isinstance(cell, Iterable) and any(map(_names_a_file, cell))


def _parsed(cell: Any) -> Any:
    """The value of a cell with JSON; a text that is none is for the reader of tasks."""
    try:
        return parse_json(cell) if isinstance(cell, str) and cell.lstrip().startswith(("{", "[")) else cell
    except JsonError:
        return cell
