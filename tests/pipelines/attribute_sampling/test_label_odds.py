"""Misleading labels: even, similar or confusable ones, balanced within one of their share like everything else."""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.attribute_sampling.label_odds import WEIGHTS, misleading_labels_of
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import report_on
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import recipe_of
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.schemas.attributes import chosen_weights, shares_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import plan_sha256
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.pipelines.attribute_sampling.fixed_plan import INTENTS
from tests.support.examples import examples
from tests.support.task_tables import task_table

_TEAMS = {"task": "Sort a ticket.", "labels": ["Billing", "Returns", "Accounts", "Shipping"]}
_ONE_VALUE = {"difficulty": "PhD", "clarity": "clear", "num_words": "at least 10"}
_CONFUSED = Task.model_validate(
    {**_TEAMS, "confusable": {"Billing": ["Returns", "Accounts"], "Returns": {"Shipping": 3, "Billing": 1}}}
)


def _sampling(rows: int, **settings: Any) -> AttributeSamplingParameters:
    return AttributeSamplingParameters.model_validate({"num_examples": rows, **settings})


def _plan(tasks: list[Task], rows: int, **settings: Any) -> pd.DataFrame:
    return plan_rows(task_table(tasks), _sampling(rows, **settings), 42).to_pandas()


def _misleading(plan: pd.DataFrame, label: str) -> list[str]:
    found: list[str] = plan.loc[plan["label"] == label, "misleading_label"].tolist()
    return found


def _furthest(values: list[str], shares: Mapping[str, Fraction]) -> Fraction:
    """The furthest that a value's count is from its share, over all beginnings."""
    counts, worst = dict.fromkeys(shares, 0), Fraction(0)
    for length, value in enumerate(values, start=1):
        counts[value] += 1
        worst = max(worst, *(abs(count - length * shares[name]) for name, count in counts.items()))
    return worst


def test_of_many_intents_the_similar_ones_mislead() -> None:
    """Drawn evenly, 7 of 19 misleading labels share a word with `cancel_invoice`."""
    found = _misleading(_plan([INTENTS], 6_000, misleading_label="similar", **_ONE_VALUE), "cancel_invoice")
    near = sum("cancel" in name or "invoice" in name for name in found)
    assert len(found) == 300
    assert near / len(found) > 0.85
    assert set(found) == set(INTENTS.label_names) - {"cancel_invoice"}  # all keep a chance


@pytest.mark.parametrize("setting", ["even", "similar"])
def test_labels_called_confusable_are_the_only_ones_whatever_the_setting(setting: str) -> None:
    plan = _plan([_CONFUSED], 160, misleading_label=setting)
    assert Counter(_misleading(plan, "Billing")) == {"Returns": 20, "Accounts": 20}
    assert Counter(_misleading(plan, "Returns")) == {"Shipping": 30, "Billing": 10}
    assert set(_misleading(plan, "Accounts")) == {"Billing", "Returns", "Shipping"}


def test_confusable_labels_move_no_other_row_and_no_other_column_but_by_swaps() -> None:
    plain, confused = (_plan([task], 400, balance="random") for task in (Task.model_validate(_TEAMS), _CONFUSED))
    others = ~plain["label"].isin(["Billing", "Returns"])
    pd.testing.assert_frame_equal(plain[others], confused[others])
    columns = plain.columns.drop("misleading_label")
    pd.testing.assert_frame_equal(plain[columns], confused[columns])


_NAMES = st.lists(
    st.text("abcé中 ", min_size=1, max_size=12).map(str.strip).filter(bool),
    min_size=3,
    max_size=9,
    unique_by=lambda name: "".join(name.split()),
)


@st.composite
def _tasks(draw: st.DrawFn) -> Task:
    names = draw(_NAMES)
    confusable: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(names), max_size=3, unique=True)):
        others = [other for other in names if other != name]
        chosen = draw(st.lists(st.sampled_from(others), min_size=1, unique=True))
        confusable[name] = draw(st.sampled_from([chosen, {other: n + 0.5 for n, other in enumerate(chosen)}]))
    sentence = draw(st.text("abcde", min_size=1, max_size=5))
    return Task.model_validate({"task": sentence, "labels": names, "confusable": confusable})


@examples(20)
@given(_tasks(), st.sampled_from(["even", "similar"]), st.sampled_from([20, 150, 300]))
def test_each_label_keeps_to_the_odds_wherever_a_task_ends(task: Task, setting: Any, rows: int) -> None:
    plan = _plan([task], rows, misleading_label=setting, language=["de", "fr"])
    for label in task.label_names:
        odds = misleading_labels_of(task, label, setting)
        assert label not in odds
        if own := task.confusable.get(label):
            assert shares_of(odds) == chosen_weights(own)
        assert _furthest(_misleading(plan, label), shares_of(odds)) < 1


@examples(20)
@given(st.lists(_tasks(), min_size=1, max_size=4, unique_by=lambda task: task.task_id), st.integers(2, 80))
def test_the_order_of_file_and_labels_moves_no_row_and_a_longer_plan_begins_with_the_shorter(
    tasks: list[Task], rows: int
) -> None:
    plan = _plan(tasks, rows, misleading_label="similar")
    turned = [
        task.model_copy(
            update={"labels": task.labels[::-1], "confusable": dict(reversed(list(task.confusable.items())))}
        )
        for task in reversed(tasks)
    ]
    pd.testing.assert_frame_equal(_plan(turned, rows, misleading_label="similar"), plan)
    longer = _plan(tasks, rows + 60, misleading_label="similar")
    pd.testing.assert_frame_equal(longer.head(rows), plan)


def test_tasks_of_like_size_have_each_its_own_similar_labels() -> None:
    """They are drawn together, with as many labels each."""
    names = [["good day", "good night", "bill"], ["bill", "bill paid", "good day"], ["x", "y", "z"]]
    tasks = [Task.model_validate({"task": f"Sort {n}.", "labels": labels}) for n, labels in enumerate(names)]
    together = _plan(tasks, 300, misleading_label="similar")
    for task in tasks:
        own = together[together["task_id"] == task.task_id].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, _plan([task], 100, misleading_label="similar"))
    counts = Counter(_misleading(together[together["task"] == "Sort 0."], "good day"))
    assert counts["good night"] > 3 * counts["bill"] > 0
    even = Counter(_misleading(together[together["task"] == "Sort 2."], "x"))
    assert abs(even["y"] - even["z"]) <= 1


def test_rows_that_repeat_a_combination_swap_misleading_labels_of_equal_weight() -> None:
    fixed = _ONE_VALUE | {"misleading_label": "similar"}
    plan = _plan([INTENTS], 300, language=["de", "fr", "en"], **fixed)
    exact = report_on(as_table(plan), task_table([INTENTS]), 0)["plan/repeated_prompts"]
    random = _plan([INTENTS], 300, language=["de", "fr", "en"], balance="random", **fixed)
    by_chance = report_on(as_table(random), task_table([INTENTS]), 0)["plan/repeated_prompts"]
    assert exact < by_chance / 3


def test_random_draws_have_the_odds() -> None:
    plan = _plan([_CONFUSED], 4_000, balance="random")
    counts = Counter(_misleading(plan, "Returns"))
    assert set(counts) == {"Shipping", "Billing"}
    assert abs(counts["Billing"] / counts.total() - 0.25) < 0.05


def test_a_cell_of_a_quota_is_one_that_rows_can_have() -> None:
    sampling = _sampling(1, target_accepted=2, per=["label", "misleading_label"])
    cells = QuotaSlots(task_table([_CONFUSED]), sampling, 1).blocks
    assert {other for label, other in cells if label == "Billing"} == {"Returns", "Accounts"}
    assert len(cells) == 2 + 2 + 3 + 3


def test_a_quota_begins_anew_with_other_misleading_labels() -> None:
    described = Task.model_validate({**_TEAMS, "labels": {"Billing": "invoices", "Returns": "", "Accounts": ""}})
    reworded = Task.model_validate({**_TEAMS, "labels": {"Billing": "bills", "Returns": "", "Accounts": ""}})
    even, similar = _sampling(1), _sampling(1, misleading_label="similar")
    assert recipe_of([described], even, 1) == recipe_of([reworded], even, 1)
    assert recipe_of([described], even, 1) != recipe_of([described], similar, 1)
    assert recipe_of([described], similar, 1) != recipe_of([reworded], similar, 1)
    assert recipe_of([_CONFUSED], even, 1) != recipe_of([Task.model_validate(_TEAMS)], even, 1)


def test_the_table_of_tasks_keeps_confusable_labels_and_the_plan() -> None:
    table = task_table([_CONFUSED, INTENTS])
    [confused, intents] = tasks_of(table)
    assert (confused.confusable, intents.confusable) == (_CONFUSED.confusable, {})
    assert '"confusable"' not in table["attributes"][1]
    again = task_table([confused, intents])
    assert plan_sha256(plan_rows(again, _sampling(50), 1)) == plan_sha256(plan_rows(table, _sampling(50), 1))


def test_each_grade_of_nearness_weighs_more_and_none_weighs_nothing() -> None:
    assert 0 < WEIGHTS[0] < WEIGHTS[1] < WEIGHTS[2]
    odds = misleading_labels_of(INTENTS, "cancel_invoice", "similar")
    assert set(odds.values()) <= set(WEIGHTS)
    assert odds["pay_invoice"] == odds["cancel_order"] == WEIGHTS[2] > odds["ask_the_price_of_account"] == WEIGHTS[0]
