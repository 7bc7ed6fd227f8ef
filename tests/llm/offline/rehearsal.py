"""What the offline model's tests share: the tasks of the file, a template, and rows written for them."""

import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from synthetic_textcat.hashing import draw_int, pick
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.completions import row_schema
from synthetic_textcat.schemas.tasks import Task

TASKS_FILE = Path(__file__).parents[3] / "data" / "01_raw" / "tasks.yml"

TEMPLATE = """Task: {task}

Write one example as a JSON object with input_text, label and misleading_label.
- The text has {num_words} words, is {clarity} to understand and needs {difficulty} level education.
- Everything is in English.
{labels}"""

PLANNED = """The labels are:
{listed}
The label is {label}. A misleading label is wrong but tempting; the misleading label is {misleading_label}.
Neither {label} nor {misleading_label} may appear in the text."""


class Row(NamedTuple):
    """One written row beside what was planned for it."""

    task: Task
    planned: dict[str, str | None]
    text: str
    label: str
    misleading_label: str


@functools.cache
def tasks() -> tuple[Task, ...]:
    entries = yaml.safe_load(TASKS_FILE.read_text(encoding="utf-8"))
    return tuple(Task.model_validate(entry) for entry in entries)


def closed_tasks() -> tuple[Task, ...]:
    return tuple(task for task in tasks() if task.labels)


def prompt_of(task: Task, planned: dict[str, str | None]) -> str:
    labels = ""
    if task.labels:
        listed = "\n".join(f"- {label.name}: {label.description}" for label in task.labels)
        quoted = {name: json.dumps(planned[name], ensure_ascii=False) for name in ("label", "misleading_label")}
        labels = PLANNED.format(listed=listed, **quoted)
    return TEMPLATE.format(task=task.task, labels=labels, **{name: planned[name] for name in VALUES if name in planned})


def plan_of(task: Task, number: int, fixed: dict[str, str] | None = None) -> dict[str, str | None]:
    names = task.label_names
    label = pick(names, "label", number) if names else None
    other = pick([name for name in names if name != label], "other", number) if names else None
    drawn: dict[str, str | None] = {name: pick(values, name, number) for name, values in VALUES.items()}
    return {"label": label, "misleading_label": other, **drawn, **(fixed or {})}


def schema_of(names: Sequence[str]) -> dict[str, Any]:
    schema: dict[str, Any] = row_schema(names)["schema"]
    return schema


def write_row(task: Task, number: int, fixed: dict[str, str] | None = None) -> Row:
    planned = plan_of(task, number, fixed)
    answer = reply(prompt_of(task, planned), schema_of(task.label_names), draw_int(53, "row", number), {})
    fields = json.loads(answer.content)
    return Row(task, planned, fields["input_text"], fields["label"], fields["misleading_label"])


def rows(count: int) -> tuple[Row, ...]:
    """Rows dealt round the tasks, with the five lengths in turn; of more rows the first are the same."""
    return tuple(map(_row, range(count)))


@functools.cache
def _row(number: int) -> Row:
    lengths, all_tasks = VALUES["num_words"], tasks()
    length = lengths[number // len(all_tasks) % len(lengths)]
    return write_row(all_tasks[number % len(all_tasks)], number, {"num_words": length})


def lix(text: str) -> float:
    """Readability: words a sentence, plus the share of words of more than six letters."""
    words = re.findall(r"[^\W_]+(?:['-]\w+)*", text)
    sentences = max(1, len(re.findall(r"[.!?](?:\s|$)", text)))
    return len(words) / sentences + 100 * sum(len(word) > 6 for word in words) / len(words)
