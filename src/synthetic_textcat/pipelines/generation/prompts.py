"""From a planned row to the messages that ask for it; what is constant per task is worked out once."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.llm.messages import Messages, check_placeholders
from synthetic_textcat.schemas.replies import row_schema
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Task

_LABELS = ("labels", "label", "misleading_label")


class _TaskPrompt(NamedTuple):
    template: ChatPromptTemplate
    constants: dict[str, str]
    schema: dict[str, Any]


class RowPrompts:
    """Renders planned rows.

    Raises:
        PromptError: If a template lacks a placeholder or has an unknown one.
    """

    def __init__(self, tasks: Iterable[Task], closed: ChatPromptTemplate, open_: ChatPromptTemplate) -> None:
        check_placeholders("closed_labels", closed, required=["task", "label", "language"], allowed=_allowed(_LABELS))
        check_placeholders("open_labels", open_, required=["task", "language"], allowed=_allowed(()))
        self._of_task = {task.task_id: _task_prompt(task, closed if task.labels else open_) for task in tasks}

    def messages(self, row: Mapping[str, Any]) -> Messages:
        """The first messages of a row's call."""
        prompt = self._of_task[row["task_id"]]
        values = {name: row[name] for name in ATTRIBUTES}
        if "labels" in prompt.constants:
            # Quoted as in JSON, since the model is to give them back as they are.
            values |= {name: json.dumps(row[name], ensure_ascii=False) for name in ("label", "misleading_label")}
        return prompt.template.format_messages(**prompt.constants, **values)

    def schema(self, task_id: str) -> dict[str, Any]:
        """The response schema of a task: the same object for each of its rows."""
        return self._of_task[task_id].schema


def _allowed(labels: tuple[str, ...]) -> list[str]:
    return ["task", *labels, *ATTRIBUTES]


def _task_prompt(task: Task, template: ChatPromptTemplate) -> _TaskPrompt:
    constants = {"task": task.task}
    if task.labels:
        lines = (f"- {x.name}: {x.description}" if x.description else f"- {x.name}" for x in task.labels)
        constants["labels"] = "\n".join(lines)
    return _TaskPrompt(template, constants, row_schema(task.label_names))
