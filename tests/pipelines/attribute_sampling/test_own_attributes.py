"""Attributes of the user's own: for all tasks, for one, for a label; and overrides of the method's."""

from itertools import product
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import report_on
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import REQUESTS, with_own
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.support.each_case import each_of
from tests.support.examples import cases
from tests.support.task_tables import task_table

_PLAIN = Task(task="Name the mood.")


def _plan(tasks: list[Task], rows: int = 60, **sampling: Any) -> pd.DataFrame:
    return plan_rows(
        task_table(tasks), AttributeSamplingParameters.model_validate({"num_examples": rows, **sampling}), 42
    ).to_pandas()


def test_own_attributes_are_columns_after_num_words_and_keep_to_their_weights() -> None:
    plan = _plan([_PLAIN], extra={"tone": ["formal", "angry"], "channel": {"email": 3, "chat": 1}})
    assert list(plan.columns) == list(with_own(REQUESTS, ["tone", "channel"]))
    assert list(plan.columns)[7:10] == ["num_words", "tone", "channel"]
    assert dict(plan["tone"].value_counts()) == {"formal": 30, "angry": 30}
    assert dict(plan["channel"].value_counts()) == {"email": 45, "chat": 15}


_LABELS: Any = ["good", {"name": "bad", "extra": {"tone": ["dry", "cold"]}}, {"name": "0", "extra": {"mood": "glum"}}]
_CLOSED: dict[str, Any] = {"task": "Sort.", "labels": _LABELS, "extra": {"mood": {"glad": 2, "sad": 1}}}


@pytest.mark.parametrize(
    ("level", "balance", "new"), cases(product(("parameters", "task", "label"), ("exact", "random"), ("aaa", "zzz")), 5)
)
def test_a_new_attribute_leaves_all_else_as_it_was(level: str, balance: str, new: str) -> None:
    more = {new: ["x", "y"]}
    labels = [*_LABELS[:1], _LABELS[1] | {"extra": _LABELS[1]["extra"] | more}, *_LABELS[2:]]
    changed = {
        "parameters": _CLOSED,
        "task": _CLOSED | {"extra": _CLOSED["extra"] | more},
        "label": _CLOSED | {"labels": labels},
    }[level]
    own = {"tone": ["a", "b"]}
    before = _plan([_PLAIN, Task.model_validate(_CLOSED)], 400, extra=own, balance=balance)
    extra = (more | own if new == "aaa" else own | more) if level == "parameters" else own
    after = _plan([_PLAIN, Task.model_validate(changed)], 400, extra=extra, balance=balance)
    assert set(after[new].dropna()) == {"x", "y"}
    pd.testing.assert_frame_equal(after.drop(columns=new), before)


def test_own_attributes_keep_to_their_weights_wherever_a_task_ends() -> None:
    plan = _plan([Task.model_validate(_CLOSED)], 500, extra={"tone": {"a": 5, "b": 2, "c": 1}})
    strands = {"good": {"a": 5 / 8, "b": 2 / 8, "c": 1 / 8}, "bad": {"dry": 1 / 2, "cold": 1 / 2}}
    for label, shares in strands.items():
        tones = plan.loc[plan["label"].isin(["good", "0"] if label == "good" else [label]), "tone"].tolist()
        for length in range(1, len(tones) + 1):
            assert all(abs(tones[:length].count(tone) - length * share) < 1 for tone, share in shares.items())


def test_names_that_differ_in_case_only_are_refused() -> None:
    task = Task.model_validate({"task": "Sort.", "extra": {"Tone": "dry"}})
    with pytest.raises(ParameterError, match="The own attributes tone and Tone differ in case only"):
        _plan([task], extra={"tone": "warm"})


def test_a_tasks_own_come_before_the_parameters_and_others_have_none() -> None:
    task = Task.model_validate({"task": "Sort.", "extra": {"tone": "dry", "form": ["letter", "list"]}})
    plan = _plan([_PLAIN, task], extra={"tone": "warm"})
    assert list(plan.columns)[7:10] == ["num_words", "tone", "form"]
    own, other = plan[plan["task"] == "Sort."], plan[plan["task"] != "Sort."]
    assert set(own["tone"]) == {"dry"}
    assert set(other["tone"]) == {"warm"}
    assert other["form"].isna().all()
    assert set(own["form"]) == {"letter", "list"}


def test_a_labels_own_come_before_the_tasks() -> None:
    labels = [{"name": "good", "extra": {"tone": {"warm": 2, "glad": 1}}}, {"name": "bad"}]
    task = Task.model_validate({"task": "Sort.", "labels": labels, "extra": {"tone": ["dry", "cold"]}})
    plan = _plan([task])
    of = {label: dict(rows["tone"].value_counts()) for label, rows in plan.groupby("label")}
    assert of == {"good": {"warm": 20, "glad": 10}, "bad": {"dry": 15, "cold": 15}}


def test_a_tasks_language_comes_before_the_parameters() -> None:
    task = Task.model_validate({"task": "Sort.", "language": {"de": 2, "fr": 1}, "difficulty": "PhD"})
    plan = _plan([_PLAIN, task], language="Swahili")
    own = plan[plan["task"] == "Sort."]
    assert dict(own["language"].value_counts()) == {"German": 20, "French": 10}
    assert set(own["difficulty"]) == {"PhD"}
    assert set(plan.loc[plan["task"] != "Sort.", "language"]) == {"Swahili"}


def test_a_task_comes_back_from_the_table_with_all_that_its_rows_are_drawn_from() -> None:
    task = Task.model_validate(
        {
            "task": "Sort.",
            "labels": [{"name": "good", "weight": 2, "extra": {"tone": "warm"}}, "bad"],
            "seed_examples": {"good": "lovely"},
            "weight": 3,
            "language": {"German": 1},
            "num_words": "paper",
            "extra": {"tone": ["dry"]},
        }
    )
    assert list(tasks_of(pd.DataFrame([task.to_row("file")]))) == [task]


@each_of(
    ("extra", "says"),
    [
        ({"label": ["x"]}, "'label' is already the name of a column of the tables"),
        ({"reject_reason": ["x"]}, "'reject_reason' is already the name of a column of the tables"),
        ({"seed_examples": ["x"]}, "'seed_examples' is already the name of a placeholder of the prompts"),
        ({"my tone": ["x"]}, "'my tone' is not an identifier"),
        ({"tone": []}, "'tone' names no value"),
        ({"tone": {"dry": 0}}, "'tone': gives 'dry' the weight 0"),
        ({"tone": [""]}, "'tone' has the value ''"),
        ({"tone": ["dry\nand: more"]}, "'tone' has the value 'dry.*; give a text on one line"),
        ({"Label": ["x"]}, "'Label' is already the name of a column of the tables"),
        ({"tone": [1]}, "'tone': the value 1 is not a text; put it in quotes"),
        ({"tone": True}, "'tone': True is not a text"),
    ],
)
def test_a_wrong_attribute_is_told_with_its_name(extra: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        AttributeSamplingParameters.model_validate({"extra": extra})
    with pytest.raises(ValidationError, match=says):
        Task.model_validate({"task": "Sort.", "extra": extra})


def test_the_plan_reports_how_many_prompts_repeat_an_earlier_one() -> None:
    certain = {"difficulty": "PhD", "clarity": "clear", "num_words": "at least 10"}
    plan = _plan([_PLAIN], 10, **certain)
    assert report_on(as_table(plan), task_table([_PLAIN]), 3) == {
        "plan/rows": 10,
        "plan/tasks": 1,
        "plan/repeated_prompts": 9,
    }
    toned = _plan([_PLAIN], 10, extra={"tone": ["a", "b", "c", "d"]}, **certain)
    assert report_on(as_table(toned), task_table([_PLAIN]), 3)["plan/repeated_prompts"] == 6
    seeded = Task.model_validate({**_PLAIN.model_dump(), "seed_examples": ["a", "b", "c"]})
    assert report_on(as_table(plan), task_table([seeded]), 3)["plan/repeated_prompts"] == 4
    assert report_on(as_table(plan), task_table([seeded]), 0)["plan/repeated_prompts"] == 9
