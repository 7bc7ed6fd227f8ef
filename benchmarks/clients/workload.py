"""The rows that each client asks for: the plan of the project's own tasks, rendered with its own prompts."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, LlmParameters
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task

_ROOT = Path(__file__).parents[2]
MODEL = "bench-model"
LLM = LlmParameters(model=MODEL)


class Prompts(NamedTuple):
    """The templates of `data/01_raw/prompts`."""

    closed: ChatPromptTemplate
    open_: ChatPromptTemplate
    retry: ChatPromptTemplate


def load_prompts() -> Prompts:
    """The three templates that generation uses."""
    folder = _ROOT / "data" / "01_raw" / "prompts"
    names = ("closed_labels", "open_labels", "retry")
    files = (yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8")) for name in names)
    return Prompts(*(ChatPromptTemplate.from_messages(file["messages"]) for file in files))


def load_tasks() -> pd.DataFrame:
    """The tasks of the tasks file, as the table `tasks`."""
    entries = yaml.safe_load((_ROOT / "data" / "01_raw" / "tasks.yml").read_text(encoding="utf-8"))
    rows = [Task.model_validate(entry).to_row("file") for entry in entries]
    return pd.DataFrame(rows, columns=TASKS_ARROW_SCHEMA.names)


def plan(tasks: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The table `requests` of that many rows."""
    return plan_requests(tasks, AttributeSamplingParameters(num_examples=rows), seed=42)
