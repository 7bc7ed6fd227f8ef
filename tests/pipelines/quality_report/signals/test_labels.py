"""How evenly labels are used, and which of them are one another.

The labels that the model made for open tasks.
"""

import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.labels import label_balance, open_labels
from synthetic_textcat.schemas.rows import REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.pipelines.quality_report.builders import ends_of, example_frame
from tests.pipelines.quality_report.signals.corpora import corpus, corpus_of_examples
from tests.support.examples import examples

_CLOSED = Task.model_validate({"task": "Closed.", "labels": ["good", "bad", "mixed", "none"]})
_OPEN = Task.model_validate({"task": "Open."})
_PLAN = to_frame(
    [
        {
            **dict.fromkeys(REQUESTS, "x"),
            "replicate": 0,
            "seed": 0,
            "request_id": f"r{number}",
            "task_id": task,
            "label": label,
        }
        for number, (task, label) in enumerate(
            [("open", None), ("open", None), ("other", None), ("closed", "bad"), ("none", None)]
        )
    ],
    REQUESTS,
)
_EXAMPLES = example_frame(
    [
        {"request_id": "r2", "task_id": "other", "task": "Other.", "label": "joy"},
        {"request_id": "r0", "task_id": "open", "task": "Open.", "label": "Joy"},
        {"request_id": "r1", "task_id": "open", "task": "Open.", "label": " joy"},
        {"request_id": "r5", "task_id": "open", "task": "Open.", "label": "grief"},
        {"request_id": "r3", "task_id": "closed", "task": "Closed.", "label": "bad"},
    ]
)


def _rows(task: Task, labels: list[str], misleading: str = "other") -> list[dict[str, str]]:
    return [
        {
            "request_id": f"{task.task_id}-{number}",
            "task_id": task.task_id,
            "task": task.task,
            "label": label,
            "misleading_label": misleading,
        }
        for number, label in enumerate(labels)
    ]


def test_entropy_is_by_the_label_set_of_a_closed_task_and_by_the_labels_made_of_an_open_one() -> None:
    rows = [*_rows(_CLOSED, ["good", "bad"] * 3), *_rows(_OPEN, ["joy", "grief"])]
    measured = label_balance(corpus(rows, [_CLOSED, _OPEN]))
    assert measured.metrics["labels/entropy"] == pytest.approx((6 * 0.5 + 2 * 1) / 8)
    assert measured.metrics["labels/per_task"] == 2
    assert measured.tables["label_balance"][0] == {
        "task": "Closed.",
        "rows": 6,
        "labels": 2,
        "entropy": 0.5,
        "majority_share": 0.5,
        "variants": 0,
    }


def test_the_least_even_task_is_sought_among_those_with_rows_enough_for_their_labels() -> None:
    few = label_balance(corpus(_rows(_CLOSED, ["good"] * 19), [_CLOSED]))
    assert few.metrics["labels/entropy_lowest"] is None
    enough = label_balance(corpus(_rows(_CLOSED, ["good", "bad"] * 10), [_CLOSED]))
    assert enough.metrics["labels/entropy_lowest"] == pytest.approx(math.log(2) / math.log(4))


def test_a_closed_task_with_one_label_in_use_has_no_entropy_left_and_an_open_one_none_at_all() -> None:
    measured = label_balance(corpus([*_rows(_CLOSED, ["good"] * 3), *_rows(_OPEN, ["joy"] * 9)], [_CLOSED, _OPEN]))
    assert [line["entropy"] for line in measured.tables["label_balance"]] == [0, None]
    assert measured.metrics["labels/entropy"] == 0


def test_variants_are_found_in_open_tasks_each_for_itself() -> None:
    labels = ["joy", "joy", "Joy", "complaint", "complaints", "story", "stories", "box", "boxes", "glass", "news"]
    other = Task.model_validate({"task": "Other."})
    rows = [*_rows(_OPEN, labels), *_rows(other, ["new", "Boxes"]), *_rows(_CLOSED, ["good", "goods"])]
    measured = label_balance(corpus(rows, [_OPEN, other, _CLOSED]))
    assert {
        (line["task"], line["label"], line["like"], line["rows"]) for line in measured.tables["label_variants"]
    } == {
        ("Open.", "Joy", "joy", 1),
        ("Open.", "complaints", "complaint", 1),
        ("Open.", "stories", "story", 1),
        ("Open.", "boxes", "box", 1),
    }
    assert measured.metrics["labels/variants"] == 4
    assert {line["task"]: line["variants"] for line in measured.tables["label_balance"]}["Open."] == 4


def test_a_misleading_label_is_reused_where_another_row_of_the_same_task_bears_it() -> None:
    rows = [*_rows(_OPEN, ["joy", "grief"], "JOY"), *_rows(_CLOSED, ["good", "bad"], "joy")]
    assert label_balance(corpus(rows, [_OPEN, _CLOSED])).metrics["labels/misleading_reused"] == 0.5


@examples(25)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_each_task_is_in_one_bin_of_the_sizes(sizes: list[int]) -> None:
    tasks = [Task.model_validate({"task": f"Task {'a' * at}."}) for at in range(len(sizes))]
    rows = [row for task, size in zip(tasks, sizes, strict=True) for row in _rows(task, ["joy"] * size)]
    for line in label_balance(corpus(rows, tasks)).tables["task_sizes"]:
        assert line["tasks"] == sum(line["rows_from"] <= size <= line["rows_to"] for size in sizes)


@examples(25)
@given(st.lists(st.sampled_from(["joy", "Joy", "grief", "fear"]), min_size=1, max_size=30))
def test_shares_stay_between_nothing_and_all(labels: list[str]) -> None:
    measured = label_balance(corpus(_rows(_OPEN, labels), [_OPEN]))
    (line,) = measured.tables["label_balance"]
    assert line["entropy"] is None or 0 <= line["entropy"] <= 1
    assert line["rows"] == len(labels)
    assert line["variants"] == ({"joy", "Joy"} <= set(labels))


def test_without_examples_nothing_is_known() -> None:
    measured = label_balance(corpus([]))
    assert measured.metrics == {
        "labels/entropy": None,
        "labels/entropy_lowest": None,
        "labels/variants": 0,
        "labels/misleading_reused": None,
        "labels/per_task": None,
    }
    assert measured.tables == {"label_balance": [], "label_variants": [], "task_sizes": []}


def _corpus(examples: pd.DataFrame, plan: pd.DataFrame) -> Corpus:
    ends = ends_of(dict.fromkeys(plan["request_id"], "not_run"))
    return replace(corpus_of_examples(examples, {}), requests=as_table(plan), ends=ends)


def test_labels_are_counted_after_normalising_each_task_for_itself_and_the_most_come_first() -> None:
    measured = open_labels(_corpus(_EXAMPLES, _PLAN))
    assert measured.metrics == {"labels/open_tasks": 3, "labels/made": 3}
    assert measured.tables["open_labels"] == [
        {"task": "Open.", "labels": 2, "rows": 3},
        {"task": "Other.", "labels": 1, "rows": 1},
    ]


def test_a_plan_of_closed_tasks_has_none() -> None:
    closed = _PLAN[_PLAN["task_id"] == "closed"]
    for table in (_EXAMPLES, _EXAMPLES.head(0)):
        measured = open_labels(_corpus(table, closed))
        assert measured.metrics == {"labels/open_tasks": 0, "labels/made": 0}
        assert measured.tables["open_labels"] == []
