"""Stages that look at the tasks of their rows: with thousands of others they hold no object of each."""

import tracemalloc
from collections.abc import Callable
from functools import cache

import pandas as pd
import pytest

from synthetic_textcat.hooks.planned_rows import PlannedRows
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.pipelines.generation.nodes import prepare_prompts
from synthetic_textcat.pipelines.quality_report.checks.nodes import check_rows
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, QualityReportParameters
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from synthetic_textcat.work_pool import THIS_MACHINE
from tests.pipelines.generation.builders import templates

_MANY = 3_000
_MOST_BYTES = 1_000
"""Of a task that no row is of; as an object it takes three times as many."""


@cache
def _tasks() -> pd.DataFrame:
    rows = (
        Task.model_validate({"task": f"Sort {each}.", "labels": ["A", "B", "C"]}).to_row("file")
        for each in range(_MANY)
    )
    return pd.DataFrame(list(rows))


def _prompts(plan: pd.DataFrame, tasks: pd.DataFrame) -> object:
    prompts = prepare_prompts(as_table(plan), tasks, *templates(), AttributeSamplingParameters())
    return [*prompts.rendered(plan)], prompts


def _checks(plan: pd.DataFrame, tasks: pd.DataFrame) -> object:
    candidates = plan.assign(input_text="They forgot the sauce.", model_name="m")
    return check_rows(as_table(candidates), as_table(plan), tasks, QualityReportParameters(), THIS_MACHINE)


@pytest.mark.parametrize("stage", [_prompts, _checks, PlannedRows])
def test_a_stage_holds_no_object_of_each_task(stage: Callable[[pd.DataFrame, pd.DataFrame], object]) -> None:
    tasks = _tasks()
    plan = plan_requests(tasks.head(5), AttributeSamplingParameters(num_examples=10), 42).to_pandas()
    stage(plan, tasks.head(5))  # which loads what the checks need
    tracemalloc.start()
    try:
        held = stage(plan, tasks)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held
    assert peak < _MANY * _MOST_BYTES
