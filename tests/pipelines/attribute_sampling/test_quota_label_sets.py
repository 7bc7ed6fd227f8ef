"""Quotas of multi-label tasks: a row counts in the cell of each of its labels."""

from collections import Counter
from functools import cache
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import first_round, quota_rows
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.schemas.label_sets import label_set_codes
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import CellNumbers, CellRows, Rounds, cells_of, named, with_set_codes
from synthetic_textcat.schemas.tasks import Task
from tests.support.examples import cases
from tests.support.several_labels import MOOD, ROUTING, TOPICS
from tests.support.task_tables import task_table

_TASKS = [Task.model_validate(entry) for entry in (ROUTING, TOPICS, MOOD)]
_TABLE = task_table(_TASKS)
_CHOICES = {"language": ["English", "German"], "difficulty": "PhD", "clarity": "clear", "num_words": "at least 10"}


def _sampling(per: Any, target: int, **others: Any) -> AttributeSamplingParameters:
    return AttributeSamplingParameters.model_validate({"target_accepted": target, "per": per, **_CHOICES, **others})


def _slots(per: Any, target: int, **others: Any) -> QuotaSlots:
    return QuotaSlots(_TABLE, _sampling(per, target, **others), 42)


def _first(per: Any, target: int) -> Rounds:
    sampling = _sampling(per, target)
    slots = QuotaSlots(_TABLE, sampling, 42)
    return Rounds(recipe="", target=target, rounds=(first_round(slots, sampling.block_columns, target),))


def _rows(per: Any, target: int, rounds: Rounds | None = None) -> pd.DataFrame:
    return quota_rows(_TABLE, _sampling(per, target), 42, rounds or _first(per, target)).to_pandas()


@cache
def _two_of_each_label() -> pd.DataFrame:
    return _rows(["task", "label"], 2)


@pytest.mark.parametrize("per", cases([["task", "label", "language"], ["task", "label"]], 2))
def test_rows_are_planned_until_each_label_has_its_target_and_none_for_full_cells(per: list[str]) -> None:
    target, plan = 3, _rows(per, 3)
    for cell, rows in plan.groupby([name for name in per if name != "label"]):
        task = next(task for task in _TASKS if task.task in cell)
        wanted = {*task.label_names, *(["none"] if 0 in task.set_sizes else [])}
        found = Counter(label for labels in rows["labels"] for label in labels or ["none"])
        assert found.keys() == wanted
        assert min(found.values()) == target
        assert len(rows) <= target * len(wanted)  # each row is among the first ones of a cell


def test_the_plan_has_exactly_the_rows_of_the_slots() -> None:
    slots = _slots(["task", "label"], 2)
    table, plan = slots.table(2), _two_of_each_label()
    assert Counter(cells_of(table, slots.columns)) == Counter(cells_of(with_set_codes(plan), slots.columns))
    numbers = CellNumbers(list(slots.columns))
    assert Counter(numbers.of(table).tolist()) == Counter(numbers.of(plan).tolist())
    assert len(numbers) == len({*cells_of(table, slots.columns)})


@pytest.mark.parametrize("per", cases([["label", "language"], "language", ["task", "label"]], 3))
def test_a_higher_target_adds_slots_and_moves_none(per: Any) -> None:
    low, high = _slots(per, 2), _slots(per, 5)
    tables, start = [low.table(2), high.table(5)], [0, 0]
    for few, many in zip(low.sizes(2), high.sizes(5), strict=True):
        one, other = (table.iloc[at : at + few].reset_index(drop=True) for table, at in zip(tables, start, strict=True))
        pd.testing.assert_frame_equal(one, other)
        start = [start[0] + few, start[1] + many]
    assert start == [len(tables[0]), len(tables[1])]


def test_later_rounds_plan_the_next_rows_with_the_values_of_open_slots() -> None:
    per, rounds = ["task", "label"], _first(["task", "label"], 2)
    slots = _slots(per, 2)
    cell = next(cell for cell in cells_of(slots.table(2), slots.columns) if '["Repairs"]' in cell)
    more = Rounds(
        recipe="", target=2, rounds=(*rounds.rounds, (CellRows(cell=named(cell, list(slots.columns)), rows=2),))
    )
    first, both = _two_of_each_label(), _rows(per, 2, more)
    pd.testing.assert_frame_equal(both.head(len(first)), first)
    added = both.iloc[len(first) :]
    assert set(label_set_codes(added)) == {'["Repairs"]'}
    assert not set(added["request_id"]) & set(first["request_id"])


def test_without_a_label_in_per_a_block_has_its_target_of_rows_of_all_kinds() -> None:
    plan = _rows("language", 6)
    assert dict(plan["language"].value_counts()) == {"English": 6, "German": 6}
    assert plan["task"].nunique() == 3


@pytest.mark.parametrize(
    ("per", "message"),
    [
        (["task", "misleading_label"], "names misleading_label"),
        ({"task": "all", "label": {"Billing": 2, "Glad": 1}}, "proportions"),
    ],
)
def test_what_rows_of_several_labels_can_not_have_is_refused_in_one_line(per: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as error:
        _slots(per, 4)
    assert len(str(error.value).splitlines()) == 1


def _many_labels(**choices: Any) -> pd.DataFrame:
    task = {"task": "Name the topics.", "labels": [f"Topic {number}" for number in range(60)], **choices}
    return task_table([Task.model_validate(task), *_TASKS])


@pytest.mark.parametrize("per", cases([["task", "language"], "task"], 2))
def test_sets_that_hardly_come_again_come_as_drawn_where_no_cell_is_of_a_label(per: Any) -> None:
    table, sampling = _many_labels(labels_per_text=[0, 5]), _sampling(per, 12)
    slots = QuotaSlots(table, sampling, 42)
    rounds = Rounds(recipe="", target=12, rounds=(first_round(slots, sampling.block_columns, 12),))
    rows = quota_rows(table, sampling, 42, rounds, furthest=5_000).to_pandas()
    assert "labels" not in slots.columns
    assert set(rows.groupby([*sampling.cell_columns]).size()) == {12}
    assert set(rows.loc[rows["task"] == "Name the topics.", "labels"].map(len)) == {*range(6)}


def test_a_cell_of_a_label_whose_sets_hardly_come_again_is_refused_at_once() -> None:
    with pytest.raises(ParameterError, match="sets of 5 labels that one comes up again in 32,769,072 rows") as caught:
        QuotaSlots(_many_labels(labels_per_text=[0, 5]), _sampling(["task", "label"], 2), 42)
    assert "Next: allow fewer labels in labels_per_text, or leave label out of per" in str(caught.value)
    few = [{"labels": ["Topic 0", "Topic 1"], "weight": 3}]
    QuotaSlots(_many_labels(labels_per_text=[0, 2], together=few), _sampling(["task", "label"], 2), 42)
