"""`labels_per_text` and `together`: their forms, one line for each fault, and their way through the table `tasks`."""

import json
import time
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of
from tests.support.several_labels import ENTRIES, several_labels_tasks
from tests.support.task_tables import task_table

_LABELS = ["Billing", "Shipping", "Returns", "Accounts"]
_ONE = {"task": "Route a message.", "labels": _LABELS}


def _task(**choices: Any) -> Task:
    [task] = read_tasks([{**_ONE, **choices}])
    return task


def _fault(**choices: Any) -> str:
    with pytest.raises(TasksFileError) as raised:
        _task(**choices)
    line = str(raised.value)
    assert "\n" not in line
    return line


@each_of("given", [1, [1, 1], {1: 5}, {"1": 2, 3: 0}, None])
def test_one_label_a_text_is_as_if_it_were_not_given(given: Any) -> None:
    assert _task(labels_per_text=given).to_row("file") == Task.model_validate(_ONE).to_row("file")
    assert _task(labels_per_text=given).task_type == "single_label"


@each_of(
    ("given", "sizes"),
    [
        (2, {2: 1.0}),
        ([0, 2], {0: 1.0, 1: 1.0, 2: 1.0}),
        ({3: 0.1, 1: 0.6, 2: 0.3}, {1: 0.6, 2: 0.3, 3: 0.1}),
        ({"0": 1, "2": 3, "3": 0}, {0: 1.0, 2: 3.0}),
        (2.0, {2: 1.0}),
        ({1: "1e3", 2: "2.5"}, {1: 1000.0, 2: 2.5}),  # to YAML 1e3 is a text
    ],
)
def test_sizes_have_weights_in_ascending_order(given: Any, sizes: Mapping[int, float]) -> None:
    task = _task(labels_per_text=given)
    assert list(task.set_sizes.items()) == list(sizes.items())
    assert task.task_type == "multi_label"


def test_pairs_in_any_order_are_the_same_task() -> None:
    pairs = [{"labels": ["Shipping", "Billing"], "weight": 3}, {"labels": ["Returns", "Billing"], "weight": 0}]
    task = _task(labels_per_text=[0, 2], together=pairs)
    turned = [{"labels": ["Billing", "Returns"], "weight": 0}, {"labels": ["Billing", "Shipping"], "weight": 3}]
    assert task.pair_weights == {frozenset({"Billing", "Shipping"}): 3.0, frozenset({"Billing", "Returns"}): 0.0}
    assert _task(labels_per_text=[0, 2], together=turned).to_row("file") == task.to_row("file")
    as_texts = [{**pair, "weight": f"{pair['weight']}e0"} for pair in pairs]
    assert _task(labels_per_text=[0, 2], together=as_texts).to_row("file") == task.to_row("file")


@each_of(
    ("given", "says"),
    [
        ([3, 0], "the range [3, 0] is turned round; write [0, 3]"),
        ([0, 1, 2], "[0, 1, 2] is not a range of two numbers"),
        ([], "[] is not a range of two numbers"),
        (-1, "-1 is not a number of labels"),
        (1.5, "1.5 is not a number of labels"),
        (True, "True is not a number of labels"),
        ([False, 2], "False is not a number of labels"),
        ("two", "'two' is not a number of labels"),
        ({"a": 1}, "'a' is not a number of labels"),
        ({1: 0.5, "1": 0.5}, "gives one number of labels two weights"),
        ({1: 0, 2: 0}, "has no weight above 0"),
        ({}, "has no weight above 0"),
        ({1: -1, 2: 1}, "1 label: -1 is not a weight; write a number from 0 to 1,000,000,000"),
        ({1: 1, 2: True}, "2 labels: True is not a weight"),
        ({1: float("nan"), 2: 1}, "is not a weight"),
        ({1: "nan", 2: 1}, "1 label: 'nan' is not a weight"),
        ({1: "much", 2: 1}, "1 label: 'much' is not a weight"),
        ({2: float("inf")}, "is not a weight"),
        (0, "plans texts without a label only"),
        ([1, 4], "allows 4 labels a text, but the task has 4, and each row needs a misleading label besides; the most"),
        (9, "allows 9 labels a text, but the task has 4"),
        ([0, 10**12], "1000000000000 labels are more than a text can have"),
    ],
)
def test_a_wrong_number_of_labels_gets_one_line(given: Any, says: str) -> None:
    line = _fault(labels_per_text=given)
    assert "labels_per_text" in line
    assert says in line


@each_of(
    ("pairs", "says"),
    [
        ([{"labels": ["Billing", "Shiping"], "weight": 1}], "unknown label 'Shiping'; did you mean"),
        ([{"labels": ["Billing"], "weight": 1}], "pair 1 names 1 label; name two"),
        ([{"labels": _LABELS[:3], "weight": 1}], "pair 1 names 3 labels; name two"),
        ([{"labels": ["Billing", "Billing"], "weight": 1}], "pair 1 names 'Billing' twice"),
        (
            [{"labels": p, "weight": 1} for p in (_LABELS[:2], _LABELS[1::-1])],
            "pair 2 names 'Billing' and 'Shipping' again",
        ),
        ([{"labels": _LABELS[:2], "weight": -1}], "pair 1: -1 is not a weight"),
        ([{"labels": _LABELS[:2], "weight": True}], "pair 1: True is not a weight"),
        ([{"labels": _LABELS[:2]}], "pair 1 lacks the key weight; add it"),
        ([{"weight": 1}], "pair 1 lacks the key labels; add it"),
        ([{"labels": _LABELS[:2], "wieght": 1}], "pair 1: unknown key wieght; did you mean weight"),
        ([{"labels": "Billing", "weight": 1}], "pair 1: 'Billing' is not a list of two labels"),
        ([{"labels": ["Billing", 5], "weight": 1}], "pair 1: the label 5 is not a text"),
        (["Billing"], "pair 1 is 'Billing'; write a list of pairs"),
        ({"Billing": 0}, "is not a list; write a list of pairs"),
    ],
)
def test_a_wrong_pair_gets_one_line(pairs: Any, says: str) -> None:
    line = _fault(labels_per_text=[0, 2], together=pairs)
    assert "together" in line
    assert says in line


def _never(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"labels": list(pair), "weight": 0} for pair in pairs]


def test_pairs_that_leave_no_set_of_a_size_are_refused() -> None:
    line = _fault(labels_per_text=[1, 2], together=_never(*combinations(_LABELS, 2)))
    assert "no text can have more than 1 of the labels, but labels_per_text allows 2" in line


def test_pairs_that_leave_no_set_with_a_label_are_refused() -> None:
    line = _fault(labels_per_text=2, together=_never(*(("Billing", other) for other in _LABELS[1:])))
    assert "no text can have the label 'Billing'" in line
    assert _task(labels_per_text=[1, 2], together=_never(*(("Billing", other) for other in _LABELS[1:])))


def test_choices_that_fit_no_single_label_task_are_refused() -> None:
    assert "each text has one label" in _fault(together=_never(("Billing", "Returns")))
    with pytest.raises(TasksFileError, match="labels_per_text: needs a label set"):
        read_tasks([{"task": "Say what it is about.", "labels_per_text": [0, 2]}])


def test_sets_among_many_excluded_pairs_are_found_at_once() -> None:
    names = [f"label {number}" for number in range(60)]
    ring = [(names[n], names[(n + step) % 60]) for n in range(60) for step in (1, 2)]
    start = time.process_time()
    task = Task.model_validate({"task": "Sort.", "labels": names, "labels_per_text": 20, "together": _never(*ring)})
    with pytest.raises(ValueError, match="more than 20 of the labels"):
        Task.model_validate({**task.model_dump(), "labels_per_text": 21})
    assert time.process_time() - start < 2


def test_a_task_is_the_same_again_from_its_row() -> None:
    tasks = list(several_labels_tasks())
    table = task_table(tasks)
    assert list(tasks_of(table)) == tasks
    assert [Task.model_validate(task.model_dump()) for task in tasks] == tasks
    assert table["task_type"].tolist() == ["multi_label", "multi_label", "single_label"]
    assert json.loads(table["attributes"][2]) == {}


def test_a_table_has_columns_for_both(tmp_path: Any) -> None:
    expected = [task.model_dump() for task in several_labels_tasks()]
    as_json = [
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in e.items()} for e in ENTRIES
    ]
    csv = pd.DataFrame(as_json).fillna("")
    parquet = tmp_path / "tasks.parquet"
    pd.DataFrame(as_json).to_parquet(parquet)
    for table in (csv, pd.read_parquet(parquet)):
        assert [task.model_dump() for task in read_tasks(table)] == expected


@each_of("cell", ["2", " 2 ", "2.0", "[2, 2]", "{2: 1}", '{"2": 1}', "{ 2 : 1.5, 3: 0}"])
def test_a_cell_of_a_table_holds_any_form(cell: str) -> None:
    [task] = read_tasks(pd.DataFrame([{"task": "Route.", "labels": "|".join(_LABELS), "labels_per_text": cell}]))
    assert set(task.set_sizes) == {2}


def test_a_column_of_numbers_with_gaps_is_read() -> None:
    table = pd.DataFrame({"task": ["Route.", "Sort."], "labels": "|".join(_LABELS), "labels_per_text": [2, None]})
    assert [task.task_type for task in read_tasks(table)] == ["multi_label", "single_label"]
