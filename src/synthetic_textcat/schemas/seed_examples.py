"""Which of a task's seed examples a row is shown: rotated, and others for a row that is planned like an earlier one."""

from collections.abc import Iterable, Sequence

import pandas as pd

from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of
from synthetic_textcat.schemas.tasks import Task


def pool_of(task: Task, label: str | None) -> list[str]:
    """The texts that can be shown to a row: those of its label and those of none; all, where that leaves nothing."""
    fitting = [example.text for example in task.seed_examples if example.label in (label, None)]
    return fitting if label is not None and fitting else [example.text for example in task.seed_examples]


def shown(pool: Sequence[str], first: int, number: int) -> list[str]:
    """So many texts of the pool, from the first one on and round again; all of a small one."""
    return [pool[(first + place) % len(pool)] for place in range(min(number, len(pool)))]


def first_shown(requests: pd.DataFrame, tasks: Iterable[Task]) -> dict[str, int]:
    """For each row of a task with seed examples the place, in its pool, of the first text that it is shown.

    A row begins one text after its label's last row; one that is planned like an earlier row of its task begins at the
    next text where none of them began, until all were used: so their prompts differ as long as there are texts.

    Args:
        requests: The whole plan.
        tasks: Its tasks.

    Returns:
        Request id → place.
    """
    seeded = {task.task_id: task for task in tasks if task.seed_examples}
    rows = requests[requests["task_id"].isin(list(seeded))]
    begun: dict[tuple[object, ...], set[int]] = {}
    columns = rows[["task_id", *planned_alike(rows), "replicate"]].itertuples(index=False, name=None)
    return {
        request_id: _next(row, seeded[row[0]], begun)
        for request_id, row in zip(rows["request_id"], columns, strict=True)
    }


def planned_alike(requests: pd.DataFrame) -> list[str]:
    """The columns in which two rows of a task must differ so that their prompts do, their seed examples aside."""
    return [*ATTRIBUTES, *own_of(requests), "misleading_label", "label"]


def _next(row: tuple[object, ...], task: Task, begun: dict[tuple[object, ...], set[int]]) -> int:
    *alike, label, replicate = row
    size = len(pool_of(task, label if isinstance(label, str) else None))
    first = int(str(replicate)) // max(1, len(task.labels)) % size
    taken = begun.setdefault((*alike, label), set())
    if len(taken) == size:
        taken.clear()
    while first in taken:
        first = (first + 1) % size
    taken.add(first)
    return first
