"""The small pipeline that the tracking tests run: tasks from a prompt, then metrics and a report."""

import time
from pathlib import Path

import pandas as pd
from kedro.pipeline import Pipeline, node
from pydantic import BaseModel


class Sampling(BaseModel):
    """A typed block of parameters, as the project's own pipelines take them."""

    num_examples: int
    language: dict[str, float]


def make_tasks(_prompt: object, _sampling: Sampling) -> tuple[pd.DataFrame, str]:
    """Tasks with a nested column, and the text that becomes a tag."""
    tasks = [{"task": f"Task {number}", "labels": [{"name": "a", "description": "b"}]} for number in range(3)]
    return pd.DataFrame(tasks), " abc123\n"


def score(_tasks: pd.DataFrame, fail: object) -> tuple[dict[str, float | None], str, str]:
    """Metrics with what MLflow can't take; or what `fail` asks for, which is an error unless it is known."""
    if fail == "interrupt":
        raise KeyboardInterrupt
    if fail == "edit the prompt":
        Path("data/prompts/row.yml").write_text("template: other")
        fail = False
    if fail == "wait":
        Path("waiting").touch()
        time.sleep(600)
    if fail:
        raise ValueError(f"\nNo luck with {fail}\nand more")
    return {"rows/planned": 200, "yield/all": 0.5, "cost/usd": None, "odd(%)": float("inf")}, "<html>", "x"


def as_text(value: object) -> str:
    """The value's text."""
    return str(value)


def reading_pipeline() -> Pipeline:
    """A pipeline that only reads the metrics."""
    return Pipeline([node(as_text, "metrics", "unmarked")])


def small_pipeline() -> Pipeline:
    """Both nodes."""
    return Pipeline(
        [
            node(make_tasks, ["row_prompt", "params:attribute_sampling"], ["tasks", "plan_sha256"]),
            node(score, ["tasks", "params:fail"], ["metrics", "report", "unmarked"]),
        ]
    )
