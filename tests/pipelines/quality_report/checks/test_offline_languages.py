"""A plan in all languages ends, offline, as one in English does: rows pass the checks, and spoilt ones are found."""

import json
from collections import Counter

import pandas as pd
import pytest

from synthetic_textcat.llm.offline.defects import defect_of
from synthetic_textcat.llm.offline.other_languages import authored_languages
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.block import TextChecks
from synthetic_textcat.schemas.languages import find_language, languages
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, QualityReportParameters
from synthetic_textcat.schemas.rows import EXAMPLES, records_of, to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from tests.llm.offline.rehearsal import prompt_of, schema_of, tasks
from tests.pipelines.quality_report.builders import checked_tables
from tests.support.examples import cases

_AUTHORED = ("English", *(find_language(code).name for code in authored_languages()))
_SPOILT = ("German", "Chinese (Simplified)", "Turkish", "Serbian", "Japanese", "Swahili", "Hindi Romanized")
_OWN_TASKS = (
    Task.model_validate({"task": "Sort a knitting pattern by the garment.", "labels": ["scarf", "mitten", "hat"]}),
    Task.model_validate({"task": "Sort a support ticket by its team.", "labels": ["Billing", "Shipping", "Accounts"]}),
)
_RATES = {
    **dict.fromkeys(("same_labels", "label_leaked", "wrong_language", "empty_field"), 0.1),
    **dict.fromkeys(("exact_duplicate", "near_duplicate"), 0.15),
    **dict.fromkeys(TextChecks.model_fields, 0.04),
}


def _checked(
    names: tuple[str, ...], rows: int, of_tasks: tuple[Task, ...] = tasks(), spoilt: bool = False
) -> pd.DataFrame:
    """A plan with even odds for these languages, written and checked: of each row `reject_reason` and `defect`."""
    table = pd.DataFrame([task.to_row("file") for task in of_tasks], columns=TASKS_ARROW_SCHEMA.names)
    sampling = AttributeSamplingParameters(num_examples=rows * len(names), language=list(names))
    requests = plan_requests(table, sampling, seed=42).to_pandas()
    by_id = {task.task_id: task for task in of_tasks}
    rates: dict[str, float | dict[str, float]] = dict(_RATES) if spoilt else {}
    written = []
    for row in records_of(requests):
        task = by_id[row["task_id"]]
        prompt = prompt_of(task, row).replace("in English", f"in {row['language']}")
        answer = reply(prompt, schema_of(task.label_names), row["seed"], rates)
        written.append({**row, "model_name": "offline", **json.loads(answer.content)})
    candidates = to_frame(written, {**EXAMPLES, "seed": "int64"})
    checked = checked_tables(candidates.drop(columns="seed"), requests, table, QualityReportParameters())
    reasons = dict(zip(checked.rejected["request_id"], checked.rejected["reject_reason"], strict=True))
    return candidates.assign(
        reject_reason=candidates["request_id"].map(lambda row: reasons.get(row, "")),
        defect=candidates["seed"].map(lambda seed: (defect_of(seed, _RATES) or "") if spoilt else ""),
    )


def _yield_of(rows: pd.DataFrame) -> float:
    return float((rows["reject_reason"] == "").mean())


@pytest.mark.parametrize(("rows", "step"), [(10, 6), pytest.param(26, 1, marks=pytest.mark.slow)])
def test_every_language_ends_with_accepted_rows(rows: int, step: int) -> None:
    names = cases([each.name for each in languages()][::step], 3)
    checked = _checked(tuple(names), rows)
    by_language = dict(iter(checked.groupby("language")))
    assert {*by_language} == {*names}
    for name, own in by_language.items():
        assert len(own) >= rows / 2, name
        rejected = (own["reject_reason"] != "").sum()
        assert rejected <= max(1, 0.1 * len(own)), (name, Counter(own["reject_reason"]))  # 1 of 8 is no tenth
    assert _yield_of(checked) >= 0.97


@pytest.mark.parametrize("rows", [20, pytest.param(150, marks=pytest.mark.slow)])
def test_a_plan_in_the_languages_with_a_grammar_yields_what_english_does(rows: int) -> None:
    checked = _checked(tuple(cases(_AUTHORED, 3)), rows)
    by_language = {name: _yield_of(own) for name, own in checked.groupby("language")}
    assert min(by_language.values()) >= 0.95 * by_language["English"], by_language


def test_tasks_that_no_grammar_knows_yield_what_a_good_model_would() -> None:
    checked = _checked(("English", "Japanese", "Swahili"), 20, _OWN_TASKS)
    for name, own in checked.groupby("language"):
        assert _yield_of(own) >= 0.95, (name, Counter(own["reject_reason"]))


@pytest.mark.parametrize(
    ("names", "rows", "step"),
    [(_SPOILT[::3], 50, 6), pytest.param(_SPOILT, 80, 1, marks=pytest.mark.slow)],
    ids=["some", "all"],
)
def test_spoilt_rows_are_rejected_for_their_defect_in_every_language(
    names: tuple[str, ...], rows: int, step: int
) -> None:
    checked = _checked(names, rows, tasks()[::step], spoilt=True)
    kept: set[tuple[object, ...]] = set()
    misses = Counter[tuple[str, str]]()
    for row in records_of(checked):
        defect = row["defect"]
        family = (defect, row["task_id"], row["label"], row["language"], row["num_words"] == "less than 10")
        if defect.endswith("duplicate") and family not in kept:
            kept.add(family)  # the first of rows alike is to stay
            defect = ""
        if defect != row["reject_reason"]:
            misses[defect, row["reject_reason"]] += 1
    assert misses.total() <= 0.01 * len(checked), misses
    assert {"wrong_language", "near_duplicate", "exact_duplicate"} <= set(checked["reject_reason"])
