"""Tasks file: validation of entries and table rows, error messages, and the tasks known before brainstorming."""

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ValidationError

from synthetic_textcat.errors import TasksFileError, nearest
from synthetic_textcat.schemas.attributes import Choice, weights_of
from synthetic_textcat.schemas.block import RANGE
from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import JsonError, KeptTasks, no_text, parse_json, shown, title_of
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.task_text import unseen
from synthetic_textcat.schemas.tasks import Label, SeedExample, Task

_KINDS = {
    "dict": "mapping",
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "truth value",
    "NoneType": "null",
}
_HALF = re.compile(r"[^\"]{0,20}[\ud800-\udfff][^\"]{0,20}")
_NUMBER_KEY = re.compile(r"([{,]\s*)(\d+)\s*:")  # as YAML allows, and JSON does not
_TASK = "Sort a review by its sentiment."
_EXAMPLES = {
    ".json": f'`[{{"task": "{_TASK}"}}]`',
    ".jsonl": f'`{{"task": "{_TASK}"}}`',
    ".ndjson": f'`{{"task": "{_TASK}"}}`',
    ".csv": f"`{_TASK}` in the column `task`",
    ".parquet": f"`{_TASK}` in the column `task`",
}

_PARTS: dict[object, tuple[str, type[BaseModel]]] = {
    "labels": ("label", Label),
    "seed_examples": ("seed example", SeedExample),
}
_JSON_FORMS = {
    "labels_per_text": '[0, 3] or {"1": 0.6, "2": 0.4}',
    "together": '[{"labels": ["Billing", "Returns"], "weight": 0}]',
    "num_words": '{"from": 20, "to": 40}',
    "extra": '{"tone": ["formal", "angry"]}',
    "confusable": '{"Billing": ["Returns"]}',
}
_UNKNOWN_KEY = {"extra_forbidden", "invalid_key"}
_FORMS = {
    "labels": "a list of names, or a mapping of names to descriptions",
    "seed_examples": "a list of texts, or a mapping of labels to texts",
    "seed_examples.labels": "a list of names, [] where none fits",
}
_REMEDIES: dict[str, Callable[[str, object], str]] = {
    "tuple_type": lambda key, value: f"{shown(value)} is not a list; write {_FORMS[key]}",
    "string_too_short": lambda *_: "the text is empty; fill it in, or remove it",
    "string_type": lambda _, value: no_text(value),
    "model_type": lambda _, value: no_text(value),
}
"""Messages for pydantic's error types, built from the key and the value."""

Row = Mapping[Hashable, Any]

_LONGEST = 60
GivenTasks = list[Task] | KeptTasks


def read_tasks(
    content: object, file: str = "The file of the catalog entry tasks_file", may_be_empty: bool = False
) -> list[Task]:
    """Validated tasks of the file's content, in file order.

    Args:
        content: A list of entries, or a data frame with one row per task.
        file: File name for error messages.
        may_be_empty: Whether brainstorming adds tasks.

    Raises:
        TasksFileError: If the content is empty or not a list, or an entry is invalid; names the first such entry.
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
            f"{file} holds a {_kind(entries)}, not a list. Next: write one entry per task, such as {_example(file)}"
        )
    numbers: dict[str, int] = {}
    tasks, faults = [], []
    for number, entry in enumerate(entries, start=1):
        try:
            task = _task(read(entry))
            _refuse_repeat(task, numbers)
        except ValueError as error:
            faults.append(f"entry {number}{title_of(entry)}: {explain(error)}")
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
    """Refuses label names without a visible character. Not in `Label`, since tables of earlier versions must load."""
    for number, name in enumerate(task.label_names, start=1):
        if fault := unseen(name):
            raise ValueError(f"label {number}, name: {fault}")


def _refuse_half_characters(entry: Mapping[Any, Any]) -> None:
    """Refuses lone surrogates, which JSON and YAML escapes can produce; UTF-8, and so a request, can't encode them."""
    for key, value in entry.items():
        text = json.dumps([str(key), value], ensure_ascii=False, default=str, skipkeys=True)
        if found := _HALF.search(text):
            name = str(key).encode("utf-8", "backslashreplace").decode()
            raise ValueError(
                f"{name} holds half of a character (a lone surrogate): {found[0]!r}; write the whole character, or "
                "remove it"
            )


def _refuse_repeat(task: Task, numbers: Mapping[str, int]) -> None:
    if task.task_id in numbers:
        raise ValueError(f"repeats the task of entry {numbers[task.task_id]}; remove one, or describe the difference")


def _how_many_more(faults: int) -> str:
    if not faults:
        return ""
    return f" (and {faults} more {'entries are' if faults > 1 else 'entry is'} wrong)"


def _example(file: str) -> str:
    return _EXAMPLES.get(PurePath(file).suffix.casefold(), f"`- task: {_TASK}`")


def _kind(value: object) -> str:
    name = type(value).__name__
    return _KINDS.get(name, name)


def explain(error: ValueError) -> str:
    """First validation error in one sentence; an unknown key comes first, since it often explains a missing key."""
    if not isinstance(error, ValidationError):
        return str(error)
    problems = error.errors(include_url=False)
    return _sentence(next((x for x in problems if x["type"] in _UNKNOWN_KEY), problems[0]))


def _sentence(problem: Any) -> str:
    kind, path, value = problem["type"], problem["loc"], problem["input"]
    key = str(path[-1]) if path else ""
    if kind in _UNKNOWN_KEY:
        return f"{_before(path[:-1])}unknown key {key}; {nearest(key, _model(path).model_fields)}"
    if kind == "missing":
        return f"{_before(path[:-1])}lacks the key {key}; add it"
    if key == "weight":
        return f"{_before(path)}{shown(value)} is not a weight; write {RANGE}, such as 2 or 0.5"
    if kind in _REMEDIES:
        return _before(path) + _REMEDIES[kind](f"{path[0]}.{key}" if path[1:] else key, value)
    return _before(path) + str(problem["msg"]).removeprefix("Value error, ")


def _model(path: tuple[int | str, ...]) -> type[BaseModel]:
    return _PARTS[path[0]][1] if len(path) > 1 and path[0] in _PARTS else Task


def _place(path: tuple[int | str, ...]) -> str:
    """Place of an error for the user: `label 2, name` for `labels.1.name`, since entries are counted from 1 too."""
    if len(path) > 1 and path[0] in _PARTS:
        part, number = _PARTS[path[0]][0], path[1]
        path = (f"{part} {int(number) + 1}", *path[2:])
    return ", ".join(map(str, path))


def _before(path: tuple[int | str, ...]) -> str:
    return f"{_place(path)}: " if path else ""


def check_columns(columns: list[str]) -> None:
    """Check that the columns are keys of a task.

    Raises:
        ValueError: If a column is unknown, unnamed or repeated, or `task` is missing.
    """
    for number, column in enumerate(columns, start=1):
        if not column.strip():
            raise ValueError(f"column {number} has no name; name it or remove it")
        if column not in Task.model_fields:
            raise ValueError(f"unknown column {column}; {nearest(column, Task.model_fields)}")
    if repeated := sorted({column for column in columns if columns.count(column) > 1}):
        raise ValueError(f"names the column {repeated[0]} twice; keep one")
    if "task" not in columns:
        raise ValueError("lacks the column task; add it, with one sentence per row that describes the task")


def entry_of(row: Row) -> dict[str, Any]:
    """Entry of a table row: non-empty cells by column, with JSON and lists parsed.

    Raises:
        ValueError: If a cell is malformed; names the column.
    """
    given = ((str(column), _plain(value)) for column, value in row.items())
    cells = ((column, _cell(column, value)) for column, value in given if value != {})  # of a struct without values
    return {column: value for column, value in cells if value not in (None, "")}


def _plain(value: Any) -> Any:
    """Plain Python value of a cell from Parquet or pandas: list, mapping, number, text or None."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list) and value and all(isinstance(item, tuple) for item in value):
        value = dict(value)  # Arrow returns a map as a list of pairs
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        # A struct has the keys of all rows, null where a row lacks the key.
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
    if column == "labels_per_text" and text.startswith("{"):
        text = _NUMBER_KEY.sub(r'\1"\2":', text)
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
        # A user's text may begin with a bracket, as in "[URGENT] please call".
        or_list = f", or write a text as a JSON list: {_as_list(text)}" if column == "seed_examples" else ""
        form = f", as in {_JSON_FORMS[column]}" if column in _JSON_FORMS else ""
        raise ValueError(
            f"{column} begins like JSON but is not valid: {error.problem}{where}; fix it there{form}{or_list}"
        ) from None


def _as_list(text: str) -> str:
    return json.dumps([text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."], ensure_ascii=False)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split("|")]
    if len(names) == 1:
        raise ValueError(f"labels holds one name, {text!r}; write two or more, separated by |")
    return names


def have_own_attributes(given: GivenTasks) -> bool:
    """Whether a task or label has attributes of its own, in addition to the parameters'."""
    return any(task.extra or any(label.extra for label in task.labels) for task in _tasks(given))


def have_seed_examples(given: GivenTasks) -> bool:
    """Whether a task has seed examples."""
    return any(task.seed_examples for task in _tasks(given))


def lengths_of(given: GivenTasks, usual: Choice) -> list[str]:
    """Values of `num_words` that rows of the given tasks may have; those of the usual choice if there is no task."""
    own = [task.num_words for task in _tasks(given)] or [None]
    choices = {repr(choice): choice for choice in (usual if each is None else each for each in own)}
    return list(dict.fromkeys(value for choice in choices.values() for value in weights_of("num_words", choice)))


def sentences_of(given: GivenTasks) -> list[str]:
    """Sentences of the given tasks, which brainstormed tasks must not repeat."""
    return list(given.table["task"]) if isinstance(given, KeptTasks) else [task.task for task in given]


def rows_of(given: GivenTasks) -> list[dict[str, Any]]:
    """Rows of the table `tasks`; tasks of an earlier run keep their source and model name."""
    if not isinstance(given, KeptTasks):
        return [task.to_row("file") for task in given]
    models = given.table["model_name"].astype(object).where(given.table["model_name"].notna(), None)
    origins = zip(given.table["source"], models, strict=True)
    return [task.to_row(*origin) for task, origin in zip(tasks_of(given.table), origins, strict=True)]


def brainstorm_settings(given: GivenTasks, settings: TaskIngestParameters) -> TaskIngestParameters:
    """Brainstorming settings; none are brainstormed if an earlier run's tasks are given, since these are complete."""
    return settings.model_copy(update={"num_brainstormed": 0}) if isinstance(given, KeptTasks) else settings


def _tasks(given: GivenTasks) -> Sequence[Task]:
    return tasks_of(given.table) if isinstance(given, KeptTasks) else given
