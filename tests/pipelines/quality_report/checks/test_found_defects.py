"""The proof that checks find what they are for: faults injected into known rows, and which rows are rejected for them.

The offline model writes, the checks judge, and each row is held against the fault that was put into that very row.
"""

import json
from collections import Counter
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
import pytest

from synthetic_textcat.llm.offline.defects import defect_of
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests, plan_slots
from synthetic_textcat.schemas.block import TextChecks
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, QualityReportParameters
from synthetic_textcat.schemas.rows import EXAMPLES, records_of, to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA
from tests.llm.offline.rehearsal import prompt_of, schema_of, tasks
from tests.pipelines.quality_report.builders import CheckedFrames, checked_tables

_RATES = {
    **dict.fromkeys(TextChecks.model_fields, 0.04),
    **dict.fromkeys(("same_labels", "label_leaked", "wrong_language"), 0.05),
    **dict.fromkeys(("exact_duplicate", "near_duplicate"), 0.1),  # of each task and label the first one is to stay
}
_LETTERS = 40
_LEAST_RECALL = {"wrong_language": 0.95, "near_duplicate": 0.95}
_LEAST_PRECISION = {"wrong_language": 0.95}
_LEAST = 0.98

_SIZES = (600, pytest.param(5_000, marks=pytest.mark.slow))


class Found(NamedTuple):
    """How many rows have a fault, are rejected for it, and both."""

    injected: int
    rejected: int
    both: int


class Rehearsal(NamedTuple):
    """Rows with their injected faults, as they were checked.

    Attributes:
        candidates: The rows.
        faults: Request id -> fault; rows without one are not in it, nor is the first of rows alike, which is to stay.
        reasons: Request id -> reject reason.
    """

    candidates: pd.DataFrame
    faults: dict[str, str]
    reasons: dict[str, str]


@pytest.mark.parametrize("rows", _SIZES)
@pytest.mark.parametrize("fault", _RATES)
def test_rows_with_a_fault_are_found_and_no_others(fault: str, rows: int) -> None:
    found = _found(_rehearsal(rows), fault)
    assert found.injected >= rows * 0.02
    assert found.both / found.injected >= _LEAST_RECALL.get(fault, _LEAST), found
    assert found.both / found.rejected >= _LEAST_PRECISION.get(fault, _LEAST), found


@pytest.mark.parametrize("rows", _SIZES)
def test_rows_without_a_fault_are_accepted(rows: int) -> None:
    rehearsal = _rehearsal(rows)
    whole = set(rehearsal.candidates["request_id"]) - rehearsal.faults.keys()
    rejected = Counter(rehearsal.reasons[row] for row in whole & rehearsal.reasons.keys())
    assert rejected.total() / len(whole) <= 0.004
    # The templates' shortest texts do come up twice, so these are no mistakes of the checks.
    assert rejected.keys() <= {"exact_duplicate", "near_duplicate"}


def _found(rehearsal: Rehearsal, fault: str) -> Found:
    """Of texts in a wrong language those that have letters enough to tell."""
    counted = set(rehearsal.candidates["request_id"])
    if fault == "wrong_language":
        letters = rehearsal.candidates["input_text"].map(lambda text: sum(map(str.isalpha, text)))
        counted = set(rehearsal.candidates.loc[letters >= _LETTERS, "request_id"])
    injected = {row for row in counted if rehearsal.faults.get(row) == fault}
    rejected = {row for row in counted if rehearsal.reasons.get(row) == fault}
    return Found(len(injected), len(rejected), len(injected & rejected))


@cache
def _rehearsal(rows: int) -> Rehearsal:
    of_tasks = tasks()[:: 3 if rows < 5_000 else 1]  # few rows of many tasks have no near duplicates
    table = pd.DataFrame([task.to_row("file") for task in of_tasks], columns=TASKS_ARROW_SCHEMA.names)
    sampling = AttributeSamplingParameters(num_examples=rows)
    requests = plan_requests(table, sampling, seed=42).to_pandas()
    by_id = {task.task_id: task for task in of_tasks}
    written = []
    for row in records_of(requests):
        task = by_id[row["task_id"]]
        answer = reply(prompt_of(task, row), schema_of(task.label_names), row["seed"], _RATES)
        written.append({**row, "model_name": "offline", **json.loads(answer.content)})
    candidates = to_frame(written, {**EXAMPLES, "seed": "int64"})
    checked = checked_tables(
        candidates.drop(columns="seed"), requests, table, QualityReportParameters(), plan_slots(table, sampling, 42)
    )
    return Rehearsal(candidates, _faults(written), _reasons(checked))


def _faults(written: list[dict[str, Any]]) -> dict[str, str]:
    """The model's own draw, row by row. Of rows that repeat one text, or nearly so, the first in plan order stays."""
    drawn = {row["request_id"]: defect_of(row["seed"], _RATES) for row in written}
    kept: set[tuple[str, str, str, bool]] = set()
    faults = {}
    for row in written:
        fault = drawn[row["request_id"]]
        family = (str(fault), row["task_id"], row["label"], row["num_words"] == "less than 10")
        if fault is None or (fault.endswith("duplicate") and family not in kept):
            kept.add(family)
            continue
        faults[row["request_id"]] = fault
    return faults


def _reasons(checked: CheckedFrames) -> dict[str, str]:
    return dict(zip(checked.rejected["request_id"], checked.rejected["reject_reason"], strict=True))
