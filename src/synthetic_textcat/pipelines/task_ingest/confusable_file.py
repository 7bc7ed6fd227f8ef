"""File of confusable labels: for each task and label, the labels that its misleading label is drawn from.

A label check may propose its content; the user decides what is committed. The table `tasks` then holds it, so a plan
can be rebuilt from this table alone. What a task lists itself under `confusable` goes before the file.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from synthetic_textcat.errors import ConfusableFileError, nearest
from synthetic_textcat.pipelines.task_ingest.tasks_file import explain
from synthetic_textcat.schemas.task_input import ConfusableFile, no_text, shown
from synthetic_textcat.schemas.tasks import Task

_UNNAMED = "The file of the catalog entry confusable_file"
_FORM = "`task: {label: [other labels]}`, with the sentence of a task or its task_id"
_ID = re.compile(r"[0-9a-f]{12}")


class ConfusableEntry(NamedTuple):
    """Entry of the file.

    Attributes:
        task: The task, as written: its sentence or its id.
        labels: Label → the labels that it is confused with, not validated.
    """

    task: str
    labels: Any


class ConfusableLabels(NamedTuple):
    """Content of the file.

    Attributes:
        file: File name for error messages.
        entries: By task id.
    """

    file: str = _UNNAMED
    entries: Mapping[str, ConfusableEntry] = {}

    def applied(self, task: Task) -> Task:
        """The task with the file's confusable labels, except for labels of which it lists its own.

        Raises:
            ConfusableFileError: If the entry is malformed, or names a label that the task does not have.
        """
        entry = self.entries.get(task.task_id)
        if entry is None:
            return task
        try:
            of_file = Task.model_validate(task.model_dump() | {"confusable": entry.labels}).confusable
        except ValueError as error:
            raise ConfusableFileError(f"{self.file}, entry {shown(entry.task)}: {explain(error)}") from None
        return task.model_copy(update={"confusable": of_file | task.confusable})

    def unknown(self, tasks: Iterable[str]) -> list[str]:
        """Entries, as written, whose task is not among these ids."""
        known = set(tasks)
        return [entry.task for task_id, entry in self.entries.items() if task_id not in known]

    def refuse_unknown(self, tasks: Iterable[Task]) -> None:
        """Checks that each entry is of one of these tasks.

        Raises:
            ConfusableFileError: If one is not.
        """
        sentences = {task.task_id: task.task for task in tasks}
        for task in self.unknown(sentences):
            allowed = sentences if _ID.fullmatch(task) else sentences.values()
            raise ConfusableFileError(
                f"{self.file} names the unknown task {shown(task)} ({nearest(task, allowed)}). Next: correct or remove "
                "the entry"
            )


NO_CONFUSABLE_LABELS = ConfusableLabels()


def read_confusable(content: object) -> ConfusableLabels:
    """The file's content by task.

    Args:
        content: Content of the catalog entry: a `ConfusableFile`, a mapping if the entry is a Kedro dataset type, or
            None without a file.

    Raises:
        ConfusableFileError: If it is not a mapping of tasks, or names a task twice.
    """
    file = _UNNAMED
    if isinstance(content, ConfusableFile):
        file, content = content.path, content.content
    if content is None:
        return NO_CONFUSABLE_LABELS
    if not isinstance(content, Mapping):
        raise ConfusableFileError(f"{file} holds {shown(content)}, which is not a mapping. Next: write {_FORM}")
    entries: dict[str, ConfusableEntry] = {}
    for name, labels in content.items():
        if not isinstance(name, str) or not name.strip():
            raise ConfusableFileError(f"{file}: the task {no_text(name)}. Next: write {_FORM}")
        task = name.strip()
        task_id = task if _ID.fullmatch(task) else Task(task=task).task_id
        if task_id in entries:
            raise ConfusableFileError(
                f"{file} names one task twice: {shown(entries[task_id].task)} and {shown(task)}. Next: join the entries"
            )
        entries[task_id] = ConfusableEntry(task, labels)
    return ConfusableLabels(file, entries)
