"""The tasks that are there before anything is asked: those of the user's file, or all tasks of an earlier run."""

from typing import Any

from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.tasks import Task, tasks_of
from synthetic_textcat.schemas.tasks_file import KeptTasks

GivenTasks = list[Task] | KeptTasks


def have_own_attributes(given: GivenTasks) -> bool:
    """Whether a task, or a label of one, has attributes beside those of the parameters."""
    return any(task.extra or any(label.extra for label in task.labels) for task in _tasks(given))


def have_seed_examples(given: GivenTasks) -> bool:
    """Whether a task has texts that show the style."""
    return any(task.seed_examples for task in _tasks(given))


def sentences_of(given: GivenTasks) -> list[str]:
    """What is not to be thought of again."""
    return list(given.table["task"]) if isinstance(given, KeptTasks) else [task.task for task in given]


def rows_of(given: GivenTasks) -> list[dict[str, Any]]:
    """Rows of `tasks`; those of an earlier run say as they did where each came from."""
    if not isinstance(given, KeptTasks):
        return [task.to_row("file") for task in given]
    models = given.table["model_name"].astype(object).where(given.table["model_name"].notna(), None)
    origins = zip(given.table["source"], models, strict=True)
    return [task.to_row(*origin) for task, origin in zip(tasks_of(given.table), origins, strict=True)]


def brainstorming_beside(given: GivenTasks, settings: TaskIngestParameters) -> TaskIngestParameters:
    """What is to be brainstormed: nothing beside the tasks of an earlier run, since those are all."""
    return settings.model_copy(update={"num_brainstormed": 0}) if isinstance(given, KeptTasks) else settings


def _tasks(given: GivenTasks) -> list[Task]:
    return tasks_of(given.table) if isinstance(given, KeptTasks) else given
