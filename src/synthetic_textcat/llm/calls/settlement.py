"""Settlement: the result of a row's completions, the same rule for asking and counting; first replies of each task."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import pandas as pd

from synthetic_textcat.llm.calls.first_replies import BadStart
from synthetic_textcat.llm.calls.policy import Call, Judge
from synthetic_textcat.llm.calls.row_judge import reply_of
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.plan_positions import with_fingerprints
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Completion, Problem, RowCheck
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable

Wanted = TypeVar("Wanted")

_MOST_AT_ONCE = 1_000
"""Rows whose replies are read together."""


@dataclass(frozen=True, slots=True)
class Settlement(Generic[Wanted]):
    """State of one row.

    Attributes:
        value: The object of the first attempt that parses; None if no attempt does.
        problem: The last completion's problem; None if there is a value, or no completion.
        completion: The completion that holds the value, else the last one.
        replies: Number of replies, good or bad.
    """

    value: Wanted | None
    problem: Problem | None
    completion: Completion | None
    replies: int

    def is_open(self, max_attempts: int) -> bool:
        """Whether the row is asked for (again): it has no value yet, and attempts are left."""
        return self.value is None and self.replies < max_attempts


def settle(completions: Sequence[Completion], judge: Judge[Wanted]) -> Settlement[Wanted]:
    """The settlement of a row's completions, given by attempt, then by time."""
    problem: Problem | None = None
    for completion in completions:
        result = judge.read(completion)
        if not isinstance(result, Problem):
            return Settlement(result, None, completion, _replies(completions))
        problem = result
    return Settlement(None, problem, completions[-1] if completions else None, _replies(completions))


def _replies(completions: Sequence[Completion]) -> int:
    return sum(completion.replied for completion in completions)


def problem_of(completion: Completion, row: dict[str, Any], task: Task, row_check: RowCheck) -> Problem | None:
    """The problem of a reply, by the parser or by the checks of single rows; None for a good one."""
    reply = parse(completion, reply_of(row))
    return reply if isinstance(reply, Problem) else row_check(task, row, reply)


def checking(tasks: Sequence[Task], row_check: RowCheck) -> Callable[[Call, Completion], Problem | None]:
    """The check of a reply, in the form that the engine calls."""
    by_id = as_task_table(tasks).by_id
    return lambda call, completion: problem_of(completion, dict(call.row), by_id[call.task_id], row_check)


def starts_of(
    requests: RowTable, calls: RowTable, journal: Journal, tasks: Sequence[Task], row_check: RowCheck
) -> dict[str, BadStart]:
    """Task id → the streak of bad replies at its start; tasks without replies are missing.

    Replies are counted row by row, and counting stops at the first good one; for most tasks that is the first row. So
    only the beginning of a plan is read as a rule.

    Args:
        requests: The plan.
        calls: Fingerprints of its rows: replies to another prompt or model do not count.
        journal: The replies.
        tasks: Tasks of the plan.
        row_check: The checks of single rows.
    """
    if not len(journal):
        return {}
    by_id = as_task_table(tasks).by_id
    starts: dict[str, BadStart] = {}
    over: set[str] = set()
    for planned, fingerprints in with_fingerprints(requests, calls, requests.names):
        _, lines = journal.index.find(fingerprints)
        asked = planned[(lines > 0) & ~planned["task_id"].isin(over)]
        for name, rows in asked.groupby("task_id", sort=False):
            task_id = str(name)
            start = starts.setdefault(task_id, BadStart())
            problem = partial(problem_of, task=by_id[task_id], row_check=row_check)
            for some in _steps(rows):
                own = journal.completions(fingerprints.loc[some.index])
                for row, completions in zip(records_of(some), own, strict=True):
                    for completion in filter(_is_reply, completions):
                        start.note(completion.request_id, problem(completion, row))
                if start.is_over:
                    over.add(task_id)
                    break
        if len(over) == len(by_id):
            break
    return {task_id: start for task_id, start in starts.items() if start.replies or start.is_over}


def _steps(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows in growing chunks, beginning with a single row."""
    start, step = 0, 1
    while start < len(rows):
        yield rows.iloc[start : start + step]
        start, step = start + step, min(4 * step, _MOST_AT_ONCE)


def _is_reply(completion: Completion) -> bool:
    return completion.replied
