"""Votes of a judge: validation of its replies; only the options of the question are answers."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from synthetic_textcat.llm.calls.policy import Judge
from synthetic_textcat.llm.prompts.verdict_prompts import label_line, options_of
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE, row_of
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.schemas.verdict_replies import (
    NO,
    YES,
    LabelAnswer,
    VerdictOfSeveralReply,
    VerdictOfTwoReply,
    VerdictReply,
)
from synthetic_textcat.tables import IdPositions, RowTable, factorized
from synthetic_textcat.temporary_files import TextFile

_KEPT = 4_096
"""Options that are kept as objects: the calls in flight, and the votes of a row one after the other."""

_NO_SECOND = frozenset({"", "none", "null", "nothing", "no", "n/a", "-"})
"""Words that models use for no second answer, other than the words of the question."""


class Vote(NamedTuple):
    """A judge's answer, in the spelling of the options.

    Attributes:
        verdict: A label, `NONE_OF_THESE` or, for open labels, `BOTH`.
        also_fits: Another label that fits as well; None for none.
    """

    verdict: str
    also_fits: str | None = None


class SetVote(NamedTuple):
    """A judge's answer about a row with several labels: those that fit, in the order of the label set."""

    labels: tuple[str, ...]


AnyVote = Vote | SetVote
AnyReply = VerdictReply | VerdictOfTwoReply | VerdictOfSeveralReply


class Options(NamedTuple):
    """Answers of a question.

    Attributes:
        names: Labels, and the words for none or both of them.
        described: Lines of the question that hold a label with its description, and the labels.
        reply: Form of the reply: by a label of the set, by one of the row's two, or by yes or no for each label.
        order: The labels that yes or no is asked for, in the order of the label set.
    """

    names: frozenset[str]
    described: Mapping[str, str] = {}
    reply: type[AnyReply] = VerdictReply
    order: tuple[str, ...] = ()

    def answer(self, said: str) -> str | None:
        """The answer in the spelling of the question; None for any other words."""
        found = set_spelling(said, self.names)
        if found is None and (line := set_spelling(said, frozenset(self.described))) is not None:
            return self.described[line]
        return found


class AskedOptions:
    """Options of the question about each judged row: 28 bytes a row in memory, the labels of open tasks in a file.

    Args:
        rows: Rows to judge, with columns request_id, task_id, label (missing with several labels), misleading_label.
        tasks: Their tasks, by id.
    """

    def __init__(self, rows: RowTable, tasks: Mapping[str, Task]) -> None:
        self._tasks = tasks
        self._positions = IdPositions(rows)
        self._codes, self._task_ids = factorized(rows, "task_id")
        self._pairs = TextFile()
        for frame in rows.frames(["label", "misleading_label"]):
            pairs = zip(*(frame[name].fillna("").tolist() for name in frame), strict=True)
            self._pairs.add(list(map("\0".join, pairs)))
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
        return Options(frozenset(options_of(task, label, misleading_label)), reply=VerdictOfTwoReply)

    def _options_of_set(self, code: int) -> Options | None:
        """Options of a task's label set; None without one."""
        task = self._tasks[self._task_ids[code]]
        if not task.labels:
            return None
        described = {label_line(label): label.name for label in task.labels if label.description}
        names = frozenset(options_of(task, "", ""))
        if task.task_type == "multi_label":
            return Options(names, described, VerdictOfSeveralReply, task.label_names)
        return Options(names, described)


def verdict_judge(rows: RowTable, tasks: Mapping[str, Task]) -> Judge[AnyVote]:
    """Validation of a judge's replies to the questions about these rows: only their options are answers.

    Args:
        rows: Rows to judge, with columns request_id, task_id, label, misleading_label.
        tasks: Their tasks, by id.
    """
    options = AskedOptions(rows, tasks)

    def wanted(completion: Completion) -> type[AnyReply]:
        return options.of(row_of(completion.request_id)).reply

    return Judge(wanted, lambda completion, reply: vote_of(reply, options.of(row_of(completion.request_id))))


def vote_of(reply: AnyReply, options: Options) -> AnyVote | Problem:
    """The answer of a reply in the spelling of the options, or the problem that it is none of them.

    A second answer may be left out, or denied in other words than those of the question.
    """
    if isinstance(reply, VerdictOfSeveralReply):
        return _set_vote(reply.answers, options)
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


def _set_vote(answers: Iterable[LabelAnswer], options: Options) -> SetVote | Problem:
    """The labels that fit; a problem if a label has no answer, or two that differ."""
    found: dict[str, str] = {}
    for answer in answers:
        label = options.answer(answer.label)
        if label is None:
            return _no_answer("label", answer.label)
        if answer.fits not in (YES, NO):
            return Problem("schema_violation", f"fits is {shown(answer.fits)} for {shown(label)}, not yes or no")
        if found.setdefault(label, answer.fits) != answer.fits:
            return Problem("schema_violation", f"answers has both yes and no for {shown(label)}")
    if missing := [label for label in options.order if label not in found]:
        return Problem("schema_violation", f"answers lacks {', '.join(map(shown, missing))}")
    return SetVote(tuple(label for label in options.order if found[label] == YES))


def _no_answer(field: str, said: str) -> Problem:
    return Problem("schema_violation", f"{field} is {shown(said)}, which is none of the answers")
