"""Verdict prompts: the questions to a judge, blind: they depend on task, text and labels, not on which is planned.

The order of the options is a shuffle by a hash of seed, row and vote, of an order that has nothing to do with the plan:
that of the label set, or the alphabet for the two labels of a row with open labels.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.hashing import draw_int, shuffled
from synthetic_textcat.llm.calls import Judge
from synthetic_textcat.llm.prompts import Messages, check_placeholders
from synthetic_textcat.llm.row_prompts import renderer_of
from synthetic_textcat.llm.token_limits import verdict_tokens
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_verdicts import BOTH, NONE_OF_THESE, call_id
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.schemas.verdict_replies import (
    VerdictOfTwoReply,
    VerdictReply,
    verdict_of_two_schema,
    verdict_schema,
)

_PLACEHOLDERS = ("task", "labels", "text")

Row = Mapping[str, Any]
"""A row to judge: request_id, task_id, input_text, label, misleading_label."""


class Vote(NamedTuple):
    """A judge's answer, in the spelling of the options.

    Attributes:
        verdict: A label, `NONE_OF_THESE` or, for open labels, `BOTH`.
        also_fits: Another label that fits as well; None for none.
    """

    verdict: str
    also_fits: str | None = None


class VerdictQuestion(NamedTuple):
    """Question to a judge about one row, for one vote."""

    request_id: str
    vote: int
    row: dict[str, Any]
    messages: Messages
    schema: dict[str, Any]
    seed: int
    planned_tokens: int


class VerdictPrompts:
    """Renderer of the questions to a judge.

    Args:
        tasks: Tasks of the rows.
        closed: Prompt for tasks with a label set.
        of_two: Prompt for tasks without one.
        seed: Of the shuffles.

    Raises:
        PromptError: If a template lacks a placeholder or has an unknown one.
    """

    def __init__(
        self, tasks: Iterable[Task], closed: ChatPromptTemplate, of_two: ChatPromptTemplate, seed: int
    ) -> None:
        check_verdict_prompts(closed, of_two)
        self._tasks = {task.task_id: task for task in tasks}
        self._render = {True: renderer_of(closed), False: renderer_of(of_two)}
        self._seed = seed

    def questions(self, rows: Iterable[Row], votes: int) -> Iterator[VerdictQuestion]:
        """The questions about these rows, lazily: the votes of a row one after the other."""
        return (self.question(row, vote) for row in rows for vote in range(1, votes + 1))

    def question(self, row: Row, vote: int) -> VerdictQuestion:
        """The question about a row, for one vote."""
        task = self._tasks[row["task_id"]]
        names = options_of(task, row["label"], row["misleading_label"])
        options = shuffled(names, self._seed, "verdict", row["request_id"], vote)
        texts = {label.name: label.description for label in task.labels}
        lines = (f"- {name}: {texts[name]}" if texts.get(name) else f"- {name}" for name in options)
        is_closed = bool(task.labels)
        text = json.dumps(row["input_text"], ensure_ascii=False)
        return VerdictQuestion(
            request_id=call_id(row["request_id"], vote),
            vote=vote,
            row={"request_id": row["request_id"], "task_id": row["task_id"]},
            messages=self._render[is_closed](task=task.task, labels="\n".join(lines), text=text),
            schema=verdict_schema(options) if is_closed else verdict_of_two_schema(options),
            seed=draw_int(31, self._seed, "verdict seed", row["request_id"], vote),
            planned_tokens=verdict_tokens(options),
        )


def check_verdict_prompts(closed: ChatPromptTemplate, of_two: ChatPromptTemplate) -> None:
    """Checks that the templates have the placeholders of a question.

    Raises:
        PromptError: If one lacks a placeholder or has an unknown one.
    """
    for name, template in (("label_check", closed), ("label_check_of_two", of_two)):
        check_placeholders(name, template, required=_PLACEHOLDERS, allowed=[])


def options_of(task: Task, label: str, misleading_label: str) -> list[str]:
    """Options of a question, in an order that does not depend on the plan."""
    if task.labels:
        return [*task.label_names, NONE_OF_THESE]
    return [*sorted((label, misleading_label)), BOTH, NONE_OF_THESE]


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
