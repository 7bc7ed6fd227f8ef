"""Votes of a judge: validation of its replies, of which only the options of their question are answers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from synthetic_textcat.llm.calls.policy import Judge
from synthetic_textcat.llm.prompts.verdict_prompts import label_line, options_of
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE, row_of
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.schemas.verdict_replies import VerdictOfTwoReply, VerdictReply
from synthetic_textcat.tables import IdPositions, RowTable, factorized
from synthetic_textcat.temporary_files import TextFile

_KEPT = 4_096
"""Options that are kept as objects: the calls in flight, and the votes of a row one after the other."""

_NO_SECOND = frozenset({"", "none", "null", "nothing", "no", "n/a", "-"})
"""Words of models for no second answer, in place of those of the question."""


class Vote(NamedTuple):
    """A judge's answer, in the spelling of the options.

    Attributes:
        verdict: A label, `NONE_OF_THESE` or, for open labels, `BOTH`.
        also_fits: Another label that fits as well; None for none.
    """

    verdict: str
    also_fits: str | None = None


class Options(NamedTuple):
    """Answers of a question.

    Attributes:
        names: Labels, and the words for none or both of them.
        described: Lines of the question that hold a label with its description, and the labels.
        is_of_two: Whether the question offers a row's two labels in place of a label set.
    """

    names: frozenset[str]
    described: Mapping[str, str] = {}
    is_of_two: bool = False

    def answer(self, said: str) -> str | None:
        """The answer in the spelling of the question; None for any other words."""
        found = set_spelling(said, self.names)
        if found is None and (line := set_spelling(said, frozenset(self.described))) is not None:
            return self.described[line]
        return found


class AskedOptions:
    """Options of the question about each judged row: 28 bytes a row in memory, the labels of open tasks in a file.

    Args:
        rows: Rows to judge, with columns request_id, task_id, label, misleading_label.
        tasks: Their tasks, by id.
    """

    def __init__(self, rows: RowTable, tasks: Mapping[str, Task]) -> None:
        self._tasks = tasks
        self._positions = IdPositions(rows)
        self._codes, self._task_ids = factorized(rows, "task_id")
        self._pairs = TextFile()
        for frame in rows.frames(["label", "misleading_label"]):
            self._pairs.add(list(map("\0".join, zip(*(frame[name].tolist() for name in frame), strict=True))))
        self.of = lru_cache(_KEPT)(self._of)
        """Options of a row, by its id; none for an unknown row."""
        self._of_set = lru_cache(_KEPT)(self._options_of_set)

    def _of(self, request_id: str) -> Options:
        position = self._positions.of_one(request_id)
        if position < 0:
            return Options(frozenset())
        code = int(self._codes[position])
        if (of_set := self._of_set(code)) is not None:
            return of_set
        task = self._tasks[self._task_ids[code]]
        label, _, misleading_label = self._pairs[position].partition("\0")
        return Options(frozenset(options_of(task, label, misleading_label)), is_of_two=True)

    def _options_of_set(self, code: int) -> Options | None:
        """Options of a task's label set; None without one."""
        task = self._tasks[self._task_ids[code]]
        if not task.labels:
            return None
        described = {label_line(label): label.name for label in task.labels if label.description}
        return Options(frozenset(options_of(task, "", "")), described)


def verdict_judge(rows: RowTable, tasks: Mapping[str, Task]) -> Judge[Vote]:
    """Validation of a judge's replies to the questions about these rows: only their options are answers.

    Args:
        rows: Rows to judge, with columns request_id, task_id, label, misleading_label.
        tasks: Their tasks, by id.
    """
    options = AskedOptions(rows, tasks)

    def wanted(completion: Completion) -> type[VerdictReply | VerdictOfTwoReply]:
        return VerdictOfTwoReply if options.of(row_of(completion.request_id)).is_of_two else VerdictReply

    return Judge(wanted, lambda completion, reply: vote_of(reply, options.of(row_of(completion.request_id))))


def vote_of(reply: VerdictReply | VerdictOfTwoReply, options: Options) -> Vote | Problem:
    """The answer of a reply in the spelling of the options, or the problem that it is none of them.

    A second answer may be left out, or denied in other words than those of the question.
    """
    verdict = options.answer(reply.verdict)
    if verdict is None:
        return _no_answer("verdict", reply.verdict)
    second = reply.also_fits if isinstance(reply, VerdictReply) else None
    if second is None:
        return Vote(verdict)
    also_fits = options.answer(second)
    if also_fits is None and normalise(second).strip(" .") not in _NO_SECOND:
        return _no_answer("also_fits", second)
    has_second = also_fits not in (verdict, NONE_OF_THESE) and verdict != NONE_OF_THESE
    return Vote(verdict, also_fits if has_second else None)


def _no_answer(field: str, said: str) -> Problem:
    return Problem("schema_violation", f"{field} is {shown(said)}, which is none of the answers")
