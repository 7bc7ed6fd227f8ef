"""The rules of the tasks file: what an entry may hold, and what is said of one that is wrong."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

import pandas as pd

from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.pipelines.task_ingest.entry_faults import explain
from synthetic_textcat.pipelines.task_ingest.table_rows import check_columns, entry_of
from synthetic_textcat.schemas.label_names import unseen
from synthetic_textcat.schemas.tasks import Task

_KINDS = {
    "dict": "mapping",
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "truth value",
    "NoneType": "null",
}
_HALF = re.compile(r"[^\"]{0,20}[\ud800-\udfff][^\"]{0,20}")
_TASK = "Sort a review by its sentiment."
_EXAMPLES = {
    ".json": f'`[{{"task": "{_TASK}"}}]`',
    ".jsonl": f'`{{"task": "{_TASK}"}}`',
    ".ndjson": f'`{{"task": "{_TASK}"}}`',
    ".csv": f"`{_TASK}` in the column `task`",
    ".parquet": f"`{_TASK}` in the column `task`",
}


def read_tasks(
    content: object, file: str = "The file of the catalog entry tasks_file", may_be_empty: bool = False
) -> list[Task]:
    """The tasks of the file's content, in its order.

    Args:
        content: A list of entries, or a frame with one row a task.
        file: Its name, for errors.
        may_be_empty: Whether tasks come from elsewhere too.

    Raises:
        TasksFileError: If it is empty or no list, or an entry is wrong; names the first that is.
    """
    if may_be_empty and (content is None or (isinstance(content, list | pd.DataFrame) and not len(content))):
        return []
    if isinstance(content, pd.DataFrame):
        return _read_entries(_rows(content, file), file, entry_of)
    return _read_entries(content, file, lambda entry: {"task": entry} if isinstance(entry, str) else entry)


def _rows(table: pd.DataFrame, file: str) -> list[Any]:
    try:
        if len(table.columns):
            check_columns([str(column) for column in table.columns])
    except ValueError as error:
        raise TasksFileError(f"{file}: {error}") from None
    return table.to_dict("records")


def _read_entries(entries: object, file: str, read: Callable[[Any], object]) -> list[Task]:
    if not entries:
        raise TasksFileError(
            f"{file} is empty. Next: add an entry such as {_example(file)}, or set task_ingest.num_brainstormed"
        )
    if not isinstance(entries, list):
        raise TasksFileError(
            f"{file} holds a {_kind(entries)}, not a list. Next: write one entry a task, such as {_example(file)}"
        )
    numbers: dict[str, int] = {}
    tasks, faults = [], []
    for number, entry in enumerate(entries, start=1):
        try:
            task = _task(read(entry))
            _refuse_repeat(task, numbers)
        except ValueError as error:
            faults.append(f"entry {number}{_title(entry)}: {explain(error)}")
        else:
            numbers[task.task_id] = number
            tasks.append(task)
    if faults:
        raise TasksFileError(f"{file}, {faults[0]}{_how_many_more(len(faults) - 1)}")
    return tasks


def _task(entry: object) -> Task:
    if isinstance(entry, Mapping):
        _refuse_half_characters(entry)
        task = Task.model_validate(entry)
        _refuse_unseen_names(task)
        return task
    raise ValueError(f"is a {_kind(entry)}; write it as `task: ...`, `labels: ...`")


def _refuse_unseen_names(task: Task) -> None:
    """Here and not in `Label`: tables of earlier versions hold such names, and have to load."""
    for number, name in enumerate(task.label_names, start=1):
        if fault := unseen(name):
            raise ValueError(f"label {number}, name: {fault}")


def _refuse_half_characters(entry: Mapping[Any, Any]) -> None:
    """One is what JSON or YAML makes of an escape of half a pair; no text in UTF-8 can hold it, and no request."""
    for key, value in entry.items():
        text = json.dumps([str(key), value], ensure_ascii=False, default=str, skipkeys=True)
        if found := _HALF.search(text):
            name = str(key).encode("utf-8", "backslashreplace").decode()
            raise ValueError(f"{name} holds half of a character: {found[0]!r}; write the whole one, or remove it")


def _refuse_repeat(task: Task, numbers: Mapping[str, int]) -> None:
    if task.task_id in numbers:
        raise ValueError(f"repeats the task of entry {numbers[task.task_id]}; remove one, or say how they differ")


def _title(entry: object) -> str:
    task = entry.get("task") if isinstance(entry, Mapping) else entry
    return f" ({task.strip()[:60]!r})" if isinstance(task, str) and task.strip() else ""


def _how_many_more(faults: int) -> str:
    if not faults:
        return ""
    return f" (and {faults} more {'entries are' if faults > 1 else 'entry is'} wrong)"


def _example(file: str) -> str:
    return _EXAMPLES.get(PurePath(file).suffix.casefold(), f"`- task: {_TASK}`")


def _kind(value: object) -> str:
    name = type(value).__name__
    return _KINDS.get(name, name)
