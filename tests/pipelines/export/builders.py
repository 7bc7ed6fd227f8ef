"""A run to write a card of."""

from typing import Any

from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.pipelines.export.card import write_card
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters, LlmParameters
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from tests.pipelines.quality_report.builders import example_frame, ledger

TASK = Task.model_validate({"task": "Sort a review.", "labels": ["good", "bad", "mixed"]})
TASKS = to_frame([TASK.to_row("file")], dict.fromkeys(TASKS_ARROW_SCHEMA.names, "object"))
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


def card(
    rows: list[dict[str, Any]],
    model: str = "gpt",
    licence: str | None = None,
    planned: list[dict[str, Any]] | None = None,
    counts: dict[str, Any] | None = None,
    **sampling: Any,
) -> str:
    """The card of these rows, of a plan that has others too."""
    return write_card(
        example_frame(rows),
        example_frame(rows if planned is None else planned),
        TASKS,
        {**ledger(**(counts or {}))},
        METRICS,
        SPLIT_REPORT,
        LlmParameters(model=model),
        42,
        AttributeSamplingParameters.model_validate(sampling),
        ExportParameters(license=licence),
        {"closed_prompt": 7},
        *PROMPTS,
    )
