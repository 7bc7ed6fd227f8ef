"""Votes of a judge: validation of its replies, of which only the options of their question are answers."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from synthetic_textcat.llm.calls.policy import Judge
from synthetic_textcat.llm.prompts.verdict_prompts import Row, label_line, options_of
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE, call_id
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.schemas.verdict_replies import VerdictOfTwoReply, VerdictReply

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
    """

    names: frozenset[str]
    described: Mapping[str, str] = {}

    def answer(self, said: str) -> str | None:
        """The answer in the spelling of the question; None for any other words."""
        found = set_spelling(said, self.names)
        if found is None and (line := set_spelling(said, frozenset(self.described))) is not None:
            return self.described[line]
        return found


def verdict_judge(rows: Iterable[Row], tasks: Mapping[str, Task], votes: int) -> Judge[Vote]:
    """Validation of a judge's replies to the questions about these rows: only their options are answers."""
    closed = {task_id: _options_of_set(task) for task_id, task in tasks.items() if task.labels}
    options: dict[str, Options] = {}
    of_two: set[str] = set()
    for row in rows:
        own = closed.get(row["task_id"])
        found = own or Options(frozenset(options_of(tasks[row["task_id"]], row["label"], row["misleading_label"])))
        calls = [call_id(row["request_id"], vote) for vote in range(1, votes + 1)]
        options |= dict.fromkeys(calls, found)
        if own is None:
            of_two.update(calls)

    def wanted(completion: Completion) -> type[VerdictReply | VerdictOfTwoReply]:
        return VerdictOfTwoReply if completion.request_id in of_two else VerdictReply

    return Judge(wanted, lambda completion, reply: vote_of(reply, options[completion.request_id]))


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


def _options_of_set(task: Task) -> Options:
    described = {label_line(label): label.name for label in task.labels if label.description}
    return Options(frozenset(options_of(task, "", "")), described)


def _no_answer(field: str, said: str) -> Problem:
    return Problem("schema_violation", f"{field} is {shown(said)}, which is none of the answers")
