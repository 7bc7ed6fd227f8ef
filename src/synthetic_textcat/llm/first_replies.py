"""The first replies of a run and of each task: where all are bad in one way, the next ones are not worth their money.

Calls that brought no reply say nothing here: they are the circuit breaker's.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.journal_lines import MOST_OF_A_REPLY
from synthetic_textcat.schemas.completions import Completion, Problem

if TYPE_CHECKING:
    from synthetic_textcat.llm.calls import Call

ENOUGH = 20
_FEWEST_ROWS = 5  # a row that is asked often is still one row

_THINGS = {"example": "rows", "tasks": "lists of tasks", "label_set": "label sets"}
"""What a call asks for, by the name of its schema."""
_STRUCTURE = "set llm.structured_output to what this server knows (json_schema, json_object, none)"
_SHORTER = "set llm.max_tokens, so that a reply that runs on is cut"
_PROMPTS = "see what it says to your prompts, or take another llm.model"
_NEXT_STEP = {
    "invalid_json": _STRUCTURE,
    "schema_violation": _STRUCTURE,
    "truncated": "raise llm.max_tokens, or ask for shorter texts with attribute_sampling.num_words",
    "refused": _PROMPTS,
    "content_filtered": _PROMPTS,
}
_OF_THE_CONTENT = {"refused", "content_filtered"}
"""Causes that may lie in one task; all others lie in a setting, whatever the task."""


@dataclass(slots=True)
class BadStart:
    """A run of replies from the first on, as long as all of them are bad for one reason.

    Attributes:
        reason: Theirs; None before there is one.
        detail: Of the last one.
        replies: How many.
        rows: Whose they are.
        is_over: Whether there was a good one, or another reason: then the start was not bad.
    """

    reason: str | None = None
    detail: str = ""
    replies: int = 0
    rows: set[str] = field(default_factory=set)
    is_over: bool = False

    def note(self, row: str, problem: Problem | None) -> None:
        """Takes in the next reply, and what is wrong with it."""
        if self.is_over:
            return
        if problem is None or self.reason not in (None, problem.cause):
            self.is_over = True
            self.rows.clear()
            return
        self.reason, self.detail = problem.cause, problem.detail
        self.replies += 1
        self.rows.add(row)

    def has(self, replies: int) -> bool:
        """Whether there are so many, of several rows."""
        return not self.is_over and self.replies >= replies and len(self.rows) >= min(_FEWEST_ROWS, replies)


class FirstReplies:
    """Finds a setting that is wrong for every row: the first replies of a run are bad alike.

    Args:
        watch: False where earlier replies of this kind were good: then a bad one is a row's own.
        kind: The name of the schema that is asked for.
    """

    def __init__(self, watch: bool, kind: str = "example") -> None:
        self._kind = kind
        self._start = BadStart(is_over=not watch)
        self._tasks: set[str] = set()

    def note(self, completion: Completion, problem: Problem | None, task_id: str = "") -> None:
        """Takes in the next reply.

        Raises:
            FatalAnswerError: If there are enough, all bad for one reason. What may lie in the content has to be said of
                several tasks; one task alone is paused.
        """
        if self._start.is_over or not completion.replied:
            return
        self._start.note(completion.request_id, problem)
        self._tasks.add(task_id)
        cause = self._start.reason
        is_one_task = len(self._tasks) == 1 and "" not in self._tasks
        if cause is None or not self._start.has(ENOUGH) or (cause in _OF_THE_CONTENT and is_one_task):
            return
        next_step = _SHORTER if len(completion.raw_text) > MOST_OF_A_REPLY else _NEXT_STEP[cause]
        raise FatalAnswerError(
            f"The first {ENOUGH} replies to calls for {_THINGS.get(self._kind, 'replies')} all failed as {cause} "
            f"({self._start.detail[:120]}). Next: {next_step}"
        )


class TaskPauses:
    """Pauses a task whose first replies, those of earlier runs included, are all bad for one reason.

    Args:
        after: How many there have to be; None = no task is ever paused.
        check: Why a reply that parsed would be rejected, by the checks that need no other row; None if it would not.
        earlier: By task id, what the journal holds of this plan. A task that is not there has no replies yet.
    """

    def __init__(
        self,
        after: int | None = None,
        check: "Callable[[Call, Completion], Problem | None]" = lambda _call, _completion: None,
        earlier: Mapping[str, BadStart] | None = None,
    ) -> None:
        self._after = after
        self._starts = dict(earlier or {})
        self.check = check
        self.left_out: Counter[str] = Counter()

    def is_watched(self, task_id: str) -> bool:
        """Whether its next reply tells."""
        start = self._starts.get(task_id)
        return self._after is not None and bool(task_id) and (start is None or not start.is_over)

    def note(self, task_id: str, row: str, problem: Problem | None) -> None:
        """Takes in the next reply of a task that is watched."""
        self._starts.setdefault(task_id, BadStart()).note(row, problem)

    def is_paused(self, task_id: str) -> bool:
        """Whether no more of its rows are asked for."""
        start = self._starts.get(task_id)
        return self._after is not None and start is not None and start.has(self._after)

    def leave_out(self, task_id: str) -> bool:
        """Whether a row of this task is not asked for; counts it."""
        is_paused = self.is_paused(task_id)
        if is_paused:
            self.left_out[task_id] += 1
        return is_paused

    @property
    def paused(self) -> Iterable[tuple[str, BadStart]]:
        """The tasks that are paused, by id, with their replies."""
        return ((task_id, start) for task_id, start in self._starts.items() if self.is_paused(task_id))
