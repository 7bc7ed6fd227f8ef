"""Rows of the offline model and what its judge says of them: a real plan, the project's own prompts, no engine."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.llm.offline.defects import defect_of
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.llm.prompts.verdict_prompts import VerdictPrompts
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.label_verdicts import BOTH
from synthetic_textcat.schemas.outcomes import WRONG_LABEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from tests.llm.offline.rehearsal import prompt_of, schema_of

PROMPTS = Path(__file__).parents[3] / "data" / "01_raw" / "prompts"
SEED = 42


class Judged(NamedTuple):
    """A row and a verdict of it."""

    row: dict[str, Any]
    verdict: str
    also_fits: str | None
    is_wrong: bool
    """Whether its text is that of another label, by the row's seed."""

    @property
    def agrees(self) -> bool:
        return self.verdict in (self.row["label"], BOTH)


@cache
def template(name: str) -> ChatPromptTemplate:
    """A prompt of the project."""
    messages = yaml.safe_load((PROMPTS / f"{name}.yml").read_text(encoding="utf-8"))["messages"]
    return ChatPromptTemplate([(message["role"], message["content"]) for message in messages])


def verdict_prompts(tasks: Sequence[Task], seed: int = SEED) -> VerdictPrompts:
    """The questions to a judge about rows of these tasks."""
    closed, of_two, several = map(template, ("label_check", "label_check_of_two", "label_check_several"))
    return VerdictPrompts(tasks, closed, of_two, several, seed)


def written(
    tasks: Sequence[Task], count: int, languages: Sequence[str] = ("English",), rates: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """A plan of so many rows, written by the offline model with these defects."""
    table = pd.DataFrame([task.to_row("file") for task in tasks], columns=TASKS_ARROW_SCHEMA.names)
    sampling = AttributeSamplingParameters(num_examples=count, language=list(languages))
    by_id = {task.task_id: task for task in tasks}
    rows = []
    for planned in records_of(plan_requests(table, sampling, seed=SEED).to_pandas()):
        task = by_id[planned["task_id"]]
        prompt = prompt_of(task, planned).replace("in English", f"in {planned['language']}")
        answer = reply(prompt, schema_of(task.label_names), planned["seed"], rates or {})
        rows.append({**planned, **json.loads(answer.content)})
    return rows


def asked(question: Any, rates: Mapping[str, Any] | None = None, with_schema: bool = True) -> dict[str, str]:
    """The judge's answer to a question."""
    prompt = "\n".join(str(message.content) for message in question.messages)
    schema = question.schema["schema"] if with_schema else None
    answer: dict[str, str] = json.loads(reply(prompt, schema, question.seed, rates or {}).content)
    return answer


def judged(
    tasks: Sequence[Task],
    count: int,
    languages: Sequence[str] = ("English",),
    rates: Mapping[str, Any] | None = None,
    with_schema: bool = True,
) -> list[Judged]:
    """A plan of so many rows, written and judged with these defects."""
    prompts, rates = verdict_prompts(tasks), rates or {}
    found = []
    for row in written(tasks, count, languages, rates):
        answer = asked(prompts.question(row, 1), rates, with_schema)
        is_wrong = defect_of(row["seed"], {WRONG_LABEL: rates.get(WRONG_LABEL, 0.0)}) == WRONG_LABEL
        found.append(Judged(row, answer["verdict"], answer.get("also_fits"), is_wrong))
    return found
