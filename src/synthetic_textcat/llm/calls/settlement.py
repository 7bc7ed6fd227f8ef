"""Settlement: the result of a row's completions, and the rows still open; the same rule for asking and counting."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import pandas as pd

from synthetic_textcat.llm.calls.context_window import read_overflow
from synthetic_textcat.llm.calls.first_replies import BadStart
from synthetic_textcat.llm.calls.policy import Call, Judge
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Completion, Problem, Reply, RowCheck
from synthetic_textcat.schemas.outcomes import TOO_LONG
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.tasks import Task

Wanted = TypeVar("Wanted")

_MOST_KNOWN = 1_000
"""Replies from which usage is estimated."""

Past = list[tuple[Completion, Problem]]
"""Bad replies of a row so far, each with its problem."""


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
        """Whether the row is asked (again): it has no value yet, and attempts are left."""
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


class OpenRow(NamedTuple):
    """A row that is not settled.

    Attributes:
        position: Position among the rows.
        fingerprint: Fingerprint of its call.
        past: Replies so far.
        prompt_tokens: Tokens of its first messages, if a refusal as too long named them.
    """

    position: int
    fingerprint: str
    past: Past
    prompt_tokens: int | None = None


class OpenRows(NamedTuple):
    """The rows that are not settled.

    Attributes:
        rows: The rows in order.
        any_good: Whether any row has a good reply, which shows that the settings are right.
        spent: Completions of the run given as `spent_by`, without their texts.
        known: First counted replies to these rows, without their texts, to estimate the usage of further ones.
        in_journal: By batch under way, the fingerprints of its requests whose line is in the journal.
    """

    rows: list[OpenRow]
    any_good: bool
    spent: Sequence[Completion] = ()
    known: Sequence[Completion] = ()
    in_journal: Mapping[str, frozenset[str]] = {}


def open_rows(
    fingerprints: Sequence[str],
    journal: Journal,
    judge: Judge[Any],
    max_attempts: int,
    spent_by: str | None = None,
    run_id: str | None = None,
) -> OpenRows:
    """The rows that the journal does not settle, and that this run has not found to be too long.

    Computed before the first call, since reading a long journal would delay the calls in flight.

    Args:
        fingerprints: Fingerprints of the rows' calls.
        journal: Replies so far.
        judge: Validation of replies.
        max_attempts: Replies after which a row has failed.
        spent_by: The run whose completions are kept as `spent`.
        run_id: This run, whose earlier passes may have asked already.
    """
    found, any_good = [], False
    spent: list[Completion] = []
    known: list[Completion] = []
    for position, (fingerprint, completions) in enumerate(
        zip(fingerprints, journal.completions(fingerprints), strict=True)
    ):
        spent += (replace(each, raw_text="", refusal=None) for each in completions if each.run_id == spent_by)
        if len(known) < _MOST_KNOWN:
            known += (replace(each, raw_text="") for each in completions if each.replied and each.is_counted)
        settlement = settle(completions, judge)
        any_good = any_good or settlement.value is not None
        refusals = [completion for completion in completions if completion.status == TOO_LONG]
        if refusals and refusals[-1] is completions[-1] and refusals[-1].run_id == run_id:
            continue
        if settlement.is_open(max_attempts):
            judged = ((completion, judge(completion)) for completion in completions if completion.replied)
            past = [(completion, problem) for completion, problem in judged if problem is not None]
            sizes = (read_overflow(completion.error or "").prompt for completion in refusals)
            found.append(OpenRow(position, fingerprint, past, min(filter(None, sizes), default=None)))
    return OpenRows(found, any_good, spent, known)


def problem_of(completion: Completion, row: dict[str, Any], task: Task, row_check: RowCheck) -> Problem | None:
    """The problem of a reply, by the parser or by the checks of single rows; None for a good one."""
    reply = parse(completion, Reply)
    return reply if isinstance(reply, Problem) else row_check(task, row, reply)


def checking(tasks: Sequence[Task], row_check: RowCheck) -> Callable[[Call, Completion], Problem | None]:
    """The check of a reply, in the form that the engine calls."""
    by_id = {task.task_id: task for task in tasks}
    return lambda call, completion: problem_of(completion, dict(call.row), by_id[call.task_id], row_check)


def starts_of(
    requests: pd.DataFrame, fingerprints: Sequence[str], journal: Journal, tasks: Sequence[Task], row_check: RowCheck
) -> dict[str, BadStart]:
    """Task id → the streak of bad replies at its start; tasks without replies are missing.

    Replies are counted row by row, and counting stops at the first good one; for most tasks that is the first row.

    Args:
        requests: The plan.
        fingerprints: Fingerprints of its rows: replies to another prompt or model do not count.
        journal: The replies.
        tasks: Tasks of the plan.
        row_check: The checks of single rows.
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
