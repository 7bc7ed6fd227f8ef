"""First replies of a run and of each task: equal failures from the start stop the run or pause the task.

Calls without a reply do not count here: the circuit breaker handles them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.calls.first_streak import ENOUGH, FEWEST_ROWS, FirstStreak
from synthetic_textcat.llm.journal.lines import MOST_OF_A_REPLY
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.verdict_replies import VERDICT, VERDICT_OF_SEVERAL, VERDICT_OF_TWO

if TYPE_CHECKING:
    from synthetic_textcat.llm.calls.policy import Call

_THINGS = {"example": "rows", "tasks": "lists of tasks", "label_set": "label sets"} | dict.fromkeys(
    (VERDICT, VERDICT_OF_TWO, VERDICT_OF_SEVERAL), "verdicts"
)
"""Nouns for error messages, by the name of the schema."""
_STRUCTURE = "set llm.structured_output to a mode that this server supports (json_schema, json_object, none)"
_SHORTER = "set llm.max_tokens, so that endless replies are cut"
_PROMPTS = "check how the model answers your prompts, or choose another llm.model"
_NEXT_STEP = {
    "invalid_json": _STRUCTURE,
    "schema_violation": _STRUCTURE,
    "refused": _PROMPTS,
    "content_filtered": _PROMPTS,
}
_LIMITED = (
    "raise llm.max_tokens (for a model that thinks, a number well above its thoughts, or null), or ask for shorter "
    "texts with attribute_sampling.num_words"
)
_LIMITED_BY_SERVER = (
    "no token limit of yours cut them, so raise the server's own: its context size (llama.cpp: -c, vLLM: "
    "--max-model-len, Ollama: num_ctx) or its default for replies (Ollama: num_predict); or ask for shorter texts with "
    "attribute_sampling.num_words"
)


@dataclass(slots=True)
class BadStart:
    """Streak of bad replies from the first on, all with one failure cause.

    Attributes:
        reason: Their common cause; None before the first reply.
        detail: Detail of the last reply.
        replies: Number of replies.
        rows: Ids of their rows, as many as matter.
        is_over: Whether the streak has ended, with a good reply or another cause.
        is_long_elsewhere: Whether another worker of the run has met a streak that is long enough.
    """

    reason: str | None = None
    detail: str = ""
    replies: int = 0
    rows: frozenset[str] = frozenset()
    is_over: bool = False
    is_long_elsewhere: bool = False

    def note(self, row: str, problem: Problem | None) -> None:
        """Adds the next reply with its problem, None for a good one."""
        if self.is_over:
            return
        if problem is None or self.reason not in (None, problem.cause):
            self.is_over = True
            self.rows = frozenset()  # most tasks end here, some plans have millions
            return
        self.reason, self.detail = problem.cause, problem.detail
        self.replies += 1
        if len(self.rows) < FEWEST_ROWS:
            self.rows |= {row}

    def has(self, replies: int) -> bool:
        """Whether the streak has this many replies, of several rows."""
        is_long = not self.is_over and self.replies >= replies and len(self.rows) >= min(FEWEST_ROWS, replies)
        return is_long or self.is_long_elsewhere


class FirstReplies:
    """Detection of a setting that is wrong for every row: the first replies of a run all fail in the same way.

    Args:
        watch: False if earlier replies of this kind were good, so that a bad reply concerns its row only.
        kind: The name of the reply's schema.
        decides: Whether these are all replies of the run; False for those of one worker of several, whose streak then
            quotes no reply, since it passes the scheduler.

    Attributes:
        streak: The bad replies so far.
    """

    def __init__(self, watch: bool, kind: str = "example", *, decides: bool = True) -> None:
        self._kind = kind
        self._decides = decides
        self.streak = FirstStreak(is_over=not watch)

    @property
    def is_over(self) -> bool:
        """Whether further replies no longer count."""
        return self.streak.is_over

    def end(self) -> None:
        """Ends the watch: another worker had a good reply, or one that failed for another cause."""
        self.streak = FirstStreak(is_over=True)

    def note(self, completion: Completion, problem: Problem | None, task_id: str = "") -> None:
        """Adds the next reply, in the order of arrival.

        Raises:
            FatalAnswerError: If there are enough, all bad for one reason. A cause that the content can explain must
                occur in several tasks; a single task is paused instead.
        """
        if self.is_over or not completion.replied:
            return
        if problem is None:
            self.end()
            return
        row, message = (completion.request_id,), self._message(completion, problem)
        self.streak = self.streak.plus(FirstStreak(problem.cause, 1, row, (task_id,), message))
        if self._decides and self.streak.is_long:
            raise FatalAnswerError(self.streak.message)

    def _message(self, completion: Completion, problem: Problem) -> str:
        next_step = _SHORTER if len(completion.raw_text) > MOST_OF_A_REPLY else _next_step(problem.cause, completion)
        detail = f" ({problem.detail[:120]})" if self._decides else ""
        things = _THINGS.get(self._kind, "replies")
        return (
            f"The first {ENOUGH} replies to calls for {things} all failed as {problem.cause}{detail}. Next: {next_step}"
        )


def _next_step(cause: str, completion: Completion) -> str:
    """The advice on a cause; on truncated replies it depends on whose limit cut them."""
    if cause == "truncated":
        return _LIMITED_BY_SERVER if completion.is_cut_by_server else _LIMITED
    return _NEXT_STEP[cause]


class TaskPauses:
    """Paused tasks: the first replies of a task, earlier runs included, are all bad for one reason.

    Args:
        after: Number of bad replies that pauses a task; None = tasks are never paused.
        check: The problem of a reply that parsed, by the checks that need no other row; None if it passes.
        earlier: Task id → its streak in the journal. Tasks without replies are missing.

    Attributes:
        check: As above.
        left_out: Task id → rows that were skipped.
        reasons: Task id → the common cause, for each paused task.
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
        self.reasons = {task_id: str(start.reason) for task_id, start in self.paused}

    def is_watched(self, task_id: str) -> bool:
        """Whether the task's next reply counts."""
        start = self._starts.get(task_id)
        return self._after is not None and bool(task_id) and (start is None or not start.is_over)

    def note(self, task_id: str, row: str, problem: Problem | None) -> None:
        """Adds the next reply of a watched task."""
        self._starts.setdefault(task_id, BadStart()).note(row, problem)
        if self.is_paused(task_id):
            self.reasons[task_id] = str(self._starts[task_id].reason)

    def adopt(self, reasons: Mapping[str, str]) -> None:
        """Pauses the tasks whose first replies on other workers were all bad, each with its reason.

        A task with a good reply here goes on.
        """
        for task_id in reasons.keys() - self.reasons.keys():
            own = self._starts.get(task_id)
            if own is None or not own.is_over:
                start = BadStart(reasons[task_id], "found by another worker", self._after or 0, is_long_elsewhere=True)
                self._starts[task_id], self.reasons[task_id] = start, reasons[task_id]

    def is_paused(self, task_id: str) -> bool:
        """Whether the task's remaining rows are skipped."""
        start = self._starts.get(task_id)
        return self._after is not None and start is not None and start.has(self._after)

    def leave_out(self, task_id: str, rows: int = 1) -> bool:
        """Whether a row of this task, or several, are skipped; counts them if so."""
        is_paused = self.is_paused(task_id)
        if is_paused:
            self.left_out[task_id] += rows
        return is_paused

    @property
    def answered(self) -> frozenset[str]:
        """Ids of the tasks whose first replies are not all bad for one reason."""
        return frozenset(task_id for task_id, start in self._starts.items() if start.is_over)

    @property
    def paused(self) -> Iterable[tuple[str, BadStart]]:
        """The paused tasks, by id, with their streaks."""
        return ((task_id, start) for task_id, start in self._starts.items() if self.is_paused(task_id))
