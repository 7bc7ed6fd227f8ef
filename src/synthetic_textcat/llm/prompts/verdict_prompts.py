"""Verdict prompts: blind questions to a judge, which depend on task, text and labels, not on the planned label.

The order of the options is a shuffle by a hash of seed, row and vote, of an order that has nothing to do with the plan:
that of the label set, or the alphabet for the two labels of a row with open labels. For a task with several labels a
text, one question asks yes or no for each label.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.hashing import draw_int, shuffled
from synthetic_textcat.llm.prompts.messages import Messages, check_placeholders
from synthetic_textcat.llm.prompts.row_prompts import messages_shown, renderer_of
from synthetic_textcat.schemas.label_verdicts import BOTH, NONE_OF_THESE, call_id
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Label, Task
from synthetic_textcat.schemas.verdict_replies import (
    verdict_of_several_schema,
    verdict_of_two_schema,
    verdict_schema,
)

_PLACEHOLDERS = ("task", "labels", "text")
_NUMBER = "number"
"""Placeholder of the number of labels, of the prompt for several labels a text."""

Row = Mapping[str, Any]
"""A row to judge: request_id, task_id, input_text, label, misleading_label."""


class VerdictQuestion(NamedTuple):
    """Question to a judge about one row, for one vote."""

    request_id: str
    vote: int
    row: dict[str, Any]
    messages: Messages
    schema: dict[str, Any]
    seed: int
    options: list[str]


class VerdictPrompts:
    """Renderer of the questions to a judge.

    Args:
        tasks: Tasks of the rows.
        closed: Prompt for tasks with a label set.
        of_two: Prompt for tasks without one.
        several: Prompt for tasks with several labels a text.
        seed: Of the shuffles.

    Raises:
        PromptError: If a template lacks a placeholder or has an unknown one.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        closed: ChatPromptTemplate,
        of_two: ChatPromptTemplate,
        several: ChatPromptTemplate,
        seed: int,
    ) -> None:
        check_verdict_prompts(closed, of_two, several)
        self._tasks = as_task_table(tasks).by_id
        self._closed, self._of_two, self._several = map(renderer_of, (closed, of_two, several))
        self._seed = seed

    def questions(self, rows: Iterable[Row], votes: int) -> Iterator[VerdictQuestion]:
        """The questions about these rows, lazily: the votes of a row one after the other."""
        return (self.question(row, vote) for row in rows for vote in range(1, votes + 1))

    def question(self, row: Row, vote: int) -> VerdictQuestion:
        """The question about a row, for one vote."""
        task = self._tasks[row["task_id"]]
        names = options_of(task, row["label"], row["misleading_label"])
        options = shuffled(names, self._seed, "verdict", row["request_id"], vote)
        described = {label.name: label_line(label) for label in task.labels}
        lines = (f"- {described.get(name, name)}" for name in options)
        asked = {
            "task": task.task,
            "labels": "\n".join(lines),
            "text": json.dumps(row["input_text"], ensure_ascii=False),
        }
        if task.task_type == "multi_label":
            messages, schema = self._several(**asked, number=len(options)), verdict_of_several_schema(options)
        elif task.labels:
            messages, schema = self._closed(**asked), verdict_schema(options)
        else:
            messages, schema = self._of_two(**asked), verdict_of_two_schema(options)
        return VerdictQuestion(
            request_id=call_id(row["request_id"], vote),
            vote=vote,
            row={"request_id": row["request_id"], "task_id": row["task_id"]},
            messages=messages,
            schema=schema,
            seed=draw_int(31, self._seed, "verdict seed", row["request_id"], vote),
            options=options,
        )

    def preview(self, row: Row) -> str:
        """The question about a planned row, whose text is still to be written, as Markdown."""
        labels = {"label": row["label"] or _LABEL, "misleading_label": row["misleading_label"] or _MISLEADING}
        asked = self.question({**row, **labels, "input_text": _TEXT}, vote=1)
        head = f"## The judge's question about row {row['replicate']} of the task: {row['task']}"
        return f"\n{head}\n{messages_shown(asked.messages)}\n"


_TEXT = "the text of the row, once it is written"
_LABEL, _MISLEADING = "the row's label", "the row's misleading label"


def check_verdict_prompts(closed: ChatPromptTemplate, of_two: ChatPromptTemplate, several: ChatPromptTemplate) -> None:
    """Checks that the templates have the placeholders of a question.

    Raises:
        PromptError: If one lacks a placeholder or has an unknown one.
    """
    for name, template in (("label_check", closed), ("label_check_of_two", of_two)):
        check_placeholders(name, template, required=_PLACEHOLDERS, allowed=[])
    check_placeholders("label_check_several", several, required=_PLACEHOLDERS, allowed=[_NUMBER])


def label_line(label: Label) -> str:
    """A label with its description, as the question has it."""
    return f"{label.name}: {label.description}" if label.description else label.name


def options_of(task: Task, label: str, misleading_label: str) -> list[str]:
    """Options of a question, in an order that does not depend on the plan."""
    if task.task_type == "multi_label":
        return list(task.label_names)
    if task.labels:
        return [*task.label_names, NONE_OF_THESE]
    return [*sorted((label, misleading_label)), BOTH, NONE_OF_THESE]
