"""The proof that checks find faults of rows with several labels, and no others: each row against the fault put into it.

Rows are planned, asked for by the shipped prompt, written by the offline model and checked, as in a run.
"""

import json
from collections import Counter
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
import pytest
from langchain_core.prompts import PromptTemplate

from synthetic_textcat.llm.offline.defects import applies, defect_of
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts, RowTemplates
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests, plan_slots
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, count
from synthetic_textcat.pipelines.quality_report.row_ends import find_ends
from synthetic_textcat.schemas.label_sets import labels_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, QualityReportParameters
from synthetic_textcat.schemas.rows import CANDIDATES, to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.tables import as_table
from tests.llm.offline.judging import template
from tests.llm.offline.rehearsal import closed_tasks
from tests.pipelines.quality_report.builders import checked_tables
from tests.support.several_labels import several_labels_tasks

_OF_SETS = ("labels_not_as_planned", "label_not_in_set", "misleading_label_not_in_set", "same_labels", "label_leaked")
_RATES = {**dict.fromkeys(_OF_SETS, 0.06), "empty_field": 0.03, "wrong_language": 0.03}
_LEAST = 0.98
_SIZES = (150, pytest.param(5_000, marks=pytest.mark.slow))


class Rehearsal(NamedTuple):
    """Rows with their injected faults, as they were checked.

    Attributes:
        faults: Request id -> fault; rows without one are not in it.
        reasons: Request id -> reject reason.
        ledger: Of the rows.
    """

    faults: dict[str, str]
    reasons: dict[str, str]
    ledger: Ledger


@pytest.mark.parametrize("rows", _SIZES)
@pytest.mark.parametrize("fault", _OF_SETS)
def test_rows_with_a_fault_of_their_labels_are_found_and_no_others(fault: str, rows: int) -> None:
    found = _rehearsal(rows)
    injected = {row for row, own in found.faults.items() if own == fault}
    rejected = {row for row, own in found.reasons.items() if own == fault}
    assert len(injected) >= 0.02 * rows
    assert len(injected & rejected) >= _LEAST * len(injected)
    assert len(injected & rejected) >= _LEAST * len(rejected)


@pytest.mark.parametrize("rows", _SIZES)
def test_the_ledger_is_what_the_seeds_say(rows: int) -> None:
    found = _rehearsal(rows)
    others = {row: why for row, why in found.reasons.items() if row not in found.faults}
    assert len(others) <= 0.004 * rows, Counter(others.values())
    lost = Counter(found.faults.values()) + Counter(others.values())
    told = [reason for reason in _RATES if reason != "wrong_language"]  # such a text may be too long as well
    assert {reason: found.ledger["rejected"][reason] for reason in told} == {reason: lost[reason] for reason in told}
    assert found.ledger["accepted"] == rows - lost.total()
    assert sum(found.ledger["rejected"].values()) == lost.total()


@cache
def _tasks() -> list[Task]:
    """Two shipped tasks with several labels a text, and two that no grammar knows."""
    shipped = [
        {"task": task.task, "labels": list(task.label_names), "labels_per_text": [0, len(task.labels) - 1]}
        for task in closed_tasks()
        if len(task.labels) > 3
    ]
    return [*map(Task.model_validate, shipped[:2]), *several_labels_tasks()[:2]]


@cache
def _rehearsal(rows: int) -> Rehearsal:
    table = pd.DataFrame([task.to_row("file") for task in _tasks()], columns=TASKS_ARROW_SCHEMA.names)
    sampling = AttributeSamplingParameters(num_examples=rows, language=["English", "German"])
    requests = plan_requests(table, sampling, seed=42).to_pandas()
    closed, of_open, several = map(template, ("closed_labels", "open_labels", "several_labels"))
    templates = RowTemplates(closed, of_open, PromptTemplate.from_template("{seed_examples}"), several)
    prompts = RowPrompts(requests, _tasks(), templates, 0)
    written, faults = [], {}
    for asked, labels in zip(prompts.rendered(requests), labels_of(requests), strict=True):
        assert labels is not None
        said = "\n".join(str(message.content) for message in asked.messages)
        answer: dict[str, Any] = json.loads(reply(said, asked.schema["schema"], asked.seed, _RATES).content)
        written.append(
            {**asked.row, **answer, "labels": tuple(answer["labels"]), "model_name": "offline", "detail": None}
        )
        fault = defect_of(asked.seed, _RATES)
        if fault is not None and applies(fault, closed=True, several=labels):
            faults[asked.request_id] = fault
    candidates = to_frame(({name: row[name] for name in CANDIDATES} for row in written), CANDIDATES)
    slots = plan_slots(table, sampling, 42)
    checked = checked_tables(candidates, requests, table, QualityReportParameters(), slots)
    tables = {name: as_table(getattr(checked, name)) for name in ("examples", "surplus", "rejected")}
    reasons = dict(zip(checked.rejected["request_id"], checked.rejected["reject_reason"], strict=True))
    ledger = count(find_ends(as_table(requests), tables))
    return Rehearsal(faults, reasons, ledger)
