"""The rows that each client asks for: the plan of the project's own tasks, rendered with its own prompts."""

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from benchmarks.clients.row_tables import as_table
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.pipelines.generation.nodes import prepare_prompts
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, LlmParameters
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task

_ROOT = Path(__file__).parents[2]
_PROMPTS = _ROOT / "data" / "01_raw" / "prompts"
MODEL = "bench-model"
LLM = LlmParameters(model=MODEL)


def load_prompt(name: str) -> ChatPromptTemplate:
    """A chat prompt of `data/01_raw/prompts`."""
    return ChatPromptTemplate.from_messages(_prompt_file(name)["messages"])


def row_prompts(requests: Any, tasks: pd.DataFrame) -> RowPrompts:
    """The plan with the project's own prompts, as generation renders it."""
    part = PromptTemplate(**_prompt_file("seed_examples"))
    prompts = (load_prompt("closed_labels"), load_prompt("open_labels"), part)
    return prepare_prompts(as_table(requests), tasks, *prompts, AttributeSamplingParameters())


def _prompt_file(name: str) -> dict[str, Any]:
    file: dict[str, Any] = yaml.safe_load((_PROMPTS / f"{name}.yml").read_text(encoding="utf-8"))
    return file


def load_tasks() -> pd.DataFrame:
    """The tasks of the tasks file, as the table `tasks`."""
    entries = yaml.safe_load((_ROOT / "data" / "01_raw" / "tasks.yml").read_text(encoding="utf-8"))
    rows = [Task.model_validate(entry).to_row("file") for entry in entries]
    return pd.DataFrame(rows, columns=TASKS_ARROW_SCHEMA.names)


def many_tasks(number: int) -> pd.DataFrame:
    """Tasks as brainstorming brings them, each with a set of three labels of its own."""
    names = ("first", "second", "third")
    tasks = (
        Task.model_validate({"task": f"Sort texts of field {field}.", "labels": [f"{name} {field}" for name in names]})
        for field in range(number)
    )
    return pd.DataFrame([task.to_row("brainstorm") for task in tasks], columns=TASKS_ARROW_SCHEMA.names)


def plan(tasks: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The table `requests` of that many rows."""
    return plan_requests(tasks, AttributeSamplingParameters(num_examples=rows), seed=42).to_pandas()
