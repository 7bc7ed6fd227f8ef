"""Which seed examples a row is shown."""

from collections import Counter
from itertools import cycle, islice
from math import perm

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.seed_examples import SeedTurns, ShownTexts, pool_of, shown
from synthetic_textcat.schemas.tasks import Task
from tests.support.task_tables import task_table

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
    return plan_rows(
        task_table([task]), AttributeSamplingParameters.model_validate({"num_examples": rows, **certain}), 42
    ).to_pandas()


def _turns(plan: pd.DataFrame, task: Task) -> dict[str, int | None]:
    shown_texts = ShownTexts(plan, [task], 1)
    return {row["request_id"]: shown_texts.turn(row) for row in records_of(plan)}


def _texts(plan: pd.DataFrame, task: Task, number: int) -> list[tuple[str, ...]]:
    shown_texts = ShownTexts(plan, [task], number)
    return [shown_texts.texts(row) for row in records_of(plan)]


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


@given(st.integers(1, 5), st.integers(1, 6))
def test_each_turn_shows_other_texts_or_another_order_until_none_is_left(size: int, number: int) -> None:
    pool = "abcdefgh"[:size]
    turns = [tuple(shown(pool, turn, number)) for turn in range(perm(size, min(number, size)))]
    assert len(set(turns)) == len(turns)
    assert all(len(set(texts)) == len(texts) == min(number, size) for texts in turns)
    assert [texts[0] for texts in turns] == list(islice(cycle(pool), len(turns)))
    assert tuple(shown(pool, len(turns), number)) == turns[0]


def test_all_texts_are_used_equally() -> None:
    places = Counter((turn or 0) % 5 for turn in _turns(_plan(_OPEN, 100), _OPEN).values())
    assert places == dict.fromkeys(range(5), 20)


def test_the_rows_of_a_rare_label_take_its_texts_in_turn_too() -> None:
    labels = [{"name": "good", "weight": 9}, {"name": "bad"}]
    task = Task.model_validate({"task": "Sort.", "labels": labels, "seed_examples": {"bad": list("abcde")}})
    plan = _plan(task, 200)
    turns = _turns(plan, task)
    assert [(turns[row] or 0) % 5 for row in plan.loc[plan["label"] == "bad", "request_id"]] == [*range(5)] * 4


def test_rows_that_are_planned_alike_begin_at_different_texts_as_long_as_there_are_any() -> None:
    plan = _plan(_CLOSED, 12)
    turns = _turns(plan, _CLOSED)
    good = [turns[row] or 0 for row in plan.loc[plan["label"] == "good", "request_id"]]
    assert sorted(good[:3]) == [0, 1, 2]
    assert sorted(good[3:6]) == [3, 4, 5]


@pytest.mark.parametrize(("texts", "number", "rows"), [(6, 3, 120), (3, 3, 6), (10, 2, 90)])
def test_prompts_differ_as_long_as_seed_examples_allow(texts: int, number: int, rows: int) -> None:
    task = Task.model_validate({"task": "Name it.", "seed_examples": [f"text {place}" for place in range(texts)]})
    shown_to = _texts(_plan(task, rows), task, number)
    assert len(set(shown_to)) == len(shown_to) == rows


def test_more_rows_leave_the_first_ones_what_they_are_shown() -> None:
    shorter, longer = (_turns(_plan(_CLOSED, rows), _CLOSED) for rows in (20, 90))
    assert shorter.items() <= longer.items()


@pytest.mark.parametrize("rows", [1, 7])
def test_turns_go_on_from_batch_to_batch(rows: int) -> None:
    plan = _plan(_CLOSED, 30)
    turns, parts = SeedTurns([_CLOSED], 2), [plan.iloc[start : start + rows] for start in range(0, len(plan), rows)]
    texts = [texts for part in parts for _, texts in turns.texts(part)]
    assert texts == _texts(plan, _CLOSED, 2)


def test_tasks_without_seed_examples_have_no_place() -> None:
    task = Task(task="x")
    assert set(_turns(_plan(task, 5), task).values()) == {None}
    assert set(_texts(_plan(task, 5), task, 3)) == {()}
