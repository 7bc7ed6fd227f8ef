"""A run to write a card of."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.pipelines.export.card import write_card
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters, LlmParameters
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT, to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.tables import FrameTable, RowGroups, RowTable
from tests.pipelines.quality_report.builders import example_frame, ledger

TASK = Task.model_validate({"task": "Sort a review.", "labels": ["good", "bad", "mixed"]})
SPLIT_REPORT = {
    f"export/rows_{name}": rows
    for name, rows in [("train", 1.0), ("validation", 0.0), ("test", 2.0), ("left_out", 0.0)]
}
METRICS = {
    "rows/planned": 10.0,
    "yield/all": 0.5,
    "yield/task/t0": 0.25,
    "diversity/vendi": 12.345,
    "calls/this_run": 2.0,
    "calls/this_configuration": 12.0,
    "calls/per_accepted": 2.0,
    "tokens/per_accepted": 205.6,
    "cost/usd_known_this_configuration": 0.5,
    "cost/usd_per_accepted": 0.0833,
    "tokens/this_configuration": 1234.0,
    "calls/dataset": 30.0,
    "tokens/dataset": 3456.0,
    "cost/usd_dataset": None,
}
PROMPTS = [
    *(ChatPromptTemplate.from_messages([("human", f"{name} {{task}}")]) for name in ("closed", "open")),
    PromptTemplate.from_template("{seed_examples}"),
    ChatPromptTemplate.from_messages([("human", "again")]),
]


def tasks_table(*tasks: Task) -> pd.DataFrame:
    """The table of these tasks."""
    return to_frame([task.to_row("file") for task in tasks], dict.fromkeys(TASKS_ARROW_SCHEMA.names, "object"))


TASKS = tasks_table(TASK)


def by_task(examples: pd.DataFrame) -> RowGroups:
    """The examples by task."""
    return RowGroups(FrameTable(examples), "task_id")


def read(file: Any) -> Any:
    """Content of a file of a folder: rows as a frame, bytes as a text."""
    content = file() if callable(file) else file
    if isinstance(content, RowTable):
        return content.to_pandas()
    if isinstance(content, pa.RecordBatchReader):
        return content.read_all().to_pandas()
    return content if isinstance(content, str | list | dict) else b"".join(content).decode()


def card(
    rows: list[dict[str, Any]],
    model: str = "gpt",
    licence: str | None = None,
    tasks: Sequence[Task] = (TASK,),
    planned: list[dict[str, Any]] | None = None,
    counts: dict[str, Any] | None = None,
    quota_slots: pd.DataFrame | None = None,
    label_facts: dict[str, Any] | None = None,
    agreements: Sequence[bool | None] | None = None,
    report: dict[str, float] | None = None,
    own: dict[str, list[str | None]] | None = None,
    **sampling: Any,
) -> str:
    """The card of these rows, the first for training and the others for testing, of a plan that has others too."""
    examples = example_frame(rows).assign(
        **{name: pd.Series(values, dtype="str") for name, values in (own or {}).items()}
    )
    if agreements is not None:
        examples = examples.assign(**{LABEL_AGREEMENT: pd.array(list(agreements), dtype="boolean")})
    splits = ["train" if place == 0 else "test" for place in range(len(examples))]
    return write_card(
        FrameTable(examples),
        by_task(examples),
        FrameTable(examples if planned is None else example_frame(planned)),
        pd.DataFrame() if quota_slots is None else quota_slots,
        tasks_table(*tasks),
        {**ledger(**(counts or {}))},
        METRICS,
        FrameTable(pd.DataFrame({"split": pd.Series(splits, dtype="str")})),
        SPLIT_REPORT | (report or {}),
        LlmParameters(model=model),
        42,
        AttributeSamplingParameters.model_validate(sampling),
        ExportParameters(license=licence),
        {"closed_prompt": 7},
        label_facts or {"judged": None, "by_hand": None},
        *PROMPTS,
    )
