"""Which seed examples a row is shown."""

from collections import Counter

import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.seed_examples import first_shown, pool_of, shown
from synthetic_textcat.schemas.tasks import Task

_OPEN = Task.model_validate({"task": "Name the mood.", "seed_examples": [f"text {number}" for number in range(5)]})
_CLOSED = Task.model_validate(
    {
        "task": "Sort.",
        "labels": ["good", "bad"],
        "seed_examples": {"good": ["well done", "lovely", "great"], "bad": "never again"},
    }
)


def _plan(task: Task, rows: int) -> pd.DataFrame:
    certain = {"difficulty": "PhD", "clarity": "clear", "num_words": "at least 10"}
    return plan_rows([task], AttributeSamplingParameters.model_validate({"num_examples": rows, **certain}), 42)


def test_a_row_is_shown_texts_of_its_label_or_of_none() -> None:
    mixed = Task.model_validate({**_CLOSED.model_dump(), "seed_examples": [{"text": "a", "label": "good"}, "b"]})
    assert pool_of(mixed, "good") == ["a", "b"]
    assert pool_of(mixed, "bad") == ["b"]
    assert pool_of(_OPEN, None) == [f"text {number}" for number in range(5)]


def test_a_label_without_texts_is_shown_those_of_the_others_for_their_style() -> None:
    task = Task.model_validate({"task": "Sort.", "labels": ["good", "bad"], "seed_examples": {"good": "lovely"}})
    assert pool_of(task, "bad") == ["lovely"]


def test_texts_are_shown_in_turn_and_round_again() -> None:
    assert shown("abcd", 3, 2) == ["d", "a"]
    assert shown("ab", 1, 5) == ["b", "a"]


def test_all_texts_are_used_equally() -> None:
    places = Counter(first_shown(_plan(_OPEN, 100), [_OPEN]).values())
    assert places == dict.fromkeys(range(5), 20)


def test_rows_that_are_planned_alike_begin_at_different_texts_as_long_as_there_are_any() -> None:
    plan = _plan(_CLOSED, 12)
    first = first_shown(plan, [_CLOSED])
    good = [first[row] for row in plan.loc[plan["label"] == "good", "request_id"]]
    assert sorted(good[:3]) == sorted(good[3:6]) == [0, 1, 2]


def test_more_rows_leave_the_first_ones_what_they_are_shown() -> None:
    shorter, longer = (first_shown(_plan(_CLOSED, rows), [_CLOSED]) for rows in (20, 90))
    assert shorter.items() <= longer.items()


def test_tasks_without_seed_examples_have_no_place() -> None:
    assert first_shown(_plan(Task(task="x"), 5), [Task(task="x")]) == {}
