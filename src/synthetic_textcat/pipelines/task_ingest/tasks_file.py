"""The rules of the tasks file: what an entry may hold, and what is said of one that is wrong."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from synthetic_textcat.errors import TasksFileError, nearest
from synthetic_textcat.schemas.tasks import Label, SeedExample, Task

_FILE = "data/01_raw/tasks.yml"
_PARTS: dict[str, type[BaseModel]] = {"labels": Label, "seed_examples": SeedExample}


def read_tasks(entries: object) -> list[Task]:
    """The tasks of the file's content, in its order.

    Raises:
        TasksFileError: If it is empty or no list, or an entry is wrong; names the entry.
    """
    if not entries:
        raise TasksFileError(f"{_FILE} is empty. Next: add an entry such as `- task: Sort a review by its sentiment.`")
    if not isinstance(entries, list):
        raise TasksFileError(f"{_FILE} holds a {_kind(entries)}, not a list. Next: begin each task with `- task: ...`")
    tasks = [_read_entry(number, entry) for number, entry in enumerate(entries, start=1)]
    _refuse_repeats(tasks)
    return tasks


def _read_entry(number: int, entry: object) -> Task:
    if isinstance(entry, str):
        entry = {"task": entry}
    if not isinstance(entry, Mapping):
        raise TasksFileError(
            f"{_FILE}, entry {number} is a {_kind(entry)}. Next: write it as `task: ...`, `labels: ...`"
        )
    where = f"{_FILE}, entry {number}{_title(entry)}"
    try:
        return Task.model_validate(entry)
    except ValidationError as error:
        raise TasksFileError(f"{where}: {_explain(error.errors(include_url=False)[0])}") from None


def _explain(problem: Any) -> str:
    path = problem["loc"]
    where = ".".join(str(part) for part in path)
    if problem["type"] == "extra_forbidden":
        model = _PARTS.get(str(path[0]), Task) if len(path) > 1 else Task
        return f"unknown key {where}; {nearest(str(path[-1]), model.model_fields)}"
    if problem["type"] == "missing":
        return f"lacks the key {where}"
    if problem["type"] == "tuple_type":
        return f"{where} must be a list; write one `- ...` a line below it"
    if problem["type"] in ("model_type", "string_type"):
        return f"{where} is {problem['input']!r}, which is no text; put it in quotes"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _refuse_repeats(tasks: Iterable[Task]) -> None:
    seen: dict[str, int] = {}
    for number, task in enumerate(tasks, start=1):
        if task.task_id in seen:
            raise TasksFileError(
                f"{_FILE}, entry {number} repeats the task of entry {seen[task.task_id]}: {task.task!r}. "
                "Next: remove one, or say how they differ"
            )
        seen[task.task_id] = number


def _title(entry: Mapping[str, Any]) -> str:
    task = entry.get("task")
    return f" ({task[:60]!r})" if isinstance(task, str) and task else ""


def _kind(value: object) -> str:
    return {"dict": "mapping", "str": "text"}.get(type(value).__name__, type(value).__name__)
