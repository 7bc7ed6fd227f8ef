"""The table `tasks` of a few tasks."""

from collections.abc import Iterable

import pandas as pd

from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task


def task_table(tasks: Iterable[Task]) -> pd.DataFrame:
    """The tasks as rows of `tasks`."""
    return pd.DataFrame([task.to_row("file") for task in tasks], columns=TASKS_ARROW_SCHEMA.names)
