"""What the journal holds of each task's first replies, so that a paused task is not paid for in each new run."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from synthetic_textcat.llm.calls import Call
from synthetic_textcat.llm.first_replies import BadStart
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.parsing import parse
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem, Reply
from synthetic_textcat.schemas.row_check import RowCheck
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.tasks import Task


def problem_of(completion: Completion, row: dict[str, Any], task: Task, row_check: RowCheck) -> Problem | None:
    """What is wrong with a reply: as a reply, or as a row."""
    reply = parse(completion, Reply)
    return reply if isinstance(reply, Problem) else row_check(task, row, reply)


def checking(tasks: Sequence[Task], row_check: RowCheck) -> Callable[[Call, Completion], Problem | None]:
    """The check of a reply as the engine calls it."""
    by_id = {task.task_id: task for task in tasks}
    return lambda call, completion: problem_of(completion, dict(call.row), by_id[call.task_id], row_check)


def starts_of(
    requests: pd.DataFrame, fingerprints: Sequence[str], journal: Journal, tasks: Sequence[Task], row_check: RowCheck
) -> dict[str, BadStart]:
    """By task id, its replies up to the first good one; a task without any is missing.

    Replies count row by row. Most tasks are left at their first row.

    Args:
        requests: The plan.
        fingerprints: Of its rows: what another prompt or model brought does not count.
        journal: The replies.
        tasks: Of the plan.
        row_check: Why a row would be rejected.
    """
    if not len(journal):
        return {}
    found: dict[str, BadStart] = {}
    by_id = {task.task_id: task for task in tasks}
    for task_id, positions in requests.groupby("task_id", sort=False).indices.items():
        problem = partial(problem_of, task=by_id[str(task_id)], row_check=row_check)
        start = BadStart()
        own = journal.completions(fingerprints[position] for position in positions)
        for position, completions in zip(positions, own, strict=True):
            replies = [completion for completion in completions if completion.replied]
            if replies:
                (row,) = records_of(requests.iloc[[position]])
                for completion in replies:
                    start.note(completion.request_id, problem(completion, row))
            if start.is_over:
                break
        if start.replies or start.is_over:
            found[str(task_id)] = start
    return found
