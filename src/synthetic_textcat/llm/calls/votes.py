"""Votes of a judge: validation of its replies, of which only the options of their question are answers."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from synthetic_textcat.llm.calls.policy import Judge
from synthetic_textcat.llm.prompts.verdict_prompts import Row, options_of
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE, call_id
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.schemas.verdict_replies import VerdictOfTwoReply, VerdictReply


class Vote(NamedTuple):
    """A judge's answer, in the spelling of the options.

    Attributes:
        verdict: A label, `NONE_OF_THESE` or, for open labels, `BOTH`.
        also_fits: Another label that fits as well; None for none.
    """

    verdict: str
    also_fits: str | None = None


def verdict_judge(rows: Iterable[Row], tasks: Mapping[str, Task], votes: int) -> Judge[Vote]:
    """Validation of a judge's replies to the questions about these rows: only their options are answers."""
    closed = {task_id: frozenset(options_of(task, "", "")) for task_id, task in tasks.items() if task.labels}
    options: dict[str, frozenset[str]] = {}
    of_two: set[str] = set()
    for row in rows:
        own = closed.get(row["task_id"])
        names = own or frozenset(options_of(tasks[row["task_id"]], row["label"], row["misleading_label"]))
        calls = [call_id(row["request_id"], vote) for vote in range(1, votes + 1)]
        options |= dict.fromkeys(calls, names)
        if own is None:
            of_two.update(calls)

    def wanted(completion: Completion) -> type[VerdictReply | VerdictOfTwoReply]:
        return VerdictOfTwoReply if completion.request_id in of_two else VerdictReply

    return Judge(wanted, lambda completion, reply: vote_of(reply, options[completion.request_id]))


def vote_of(reply: VerdictReply | VerdictOfTwoReply, options: frozenset[str]) -> Vote | Problem:
    """The answer of a reply in the spelling of the options, or the problem that it is none of them."""
    fields = reply.model_dump()
    spelt = {name: set_spelling(said, options) for name, said in fields.items()}
    for name, option in spelt.items():
        if option is None:
            return Problem("schema_violation", f"{name} is {shown(fields[name])}, which is none of the answers")
    verdict, also_fits = str(spelt["verdict"]), spelt.get("also_fits")
    has_second = also_fits not in (verdict, NONE_OF_THESE) and verdict != NONE_OF_THESE
    return Vote(verdict, also_fits if has_second else None)
