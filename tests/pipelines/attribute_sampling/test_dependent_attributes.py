"""Attributes that depend on another one: balanced within each value of the parent, and nothing else moves."""

from fractions import Fraction
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import first_round, quota_rows
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Rounds, cells_of
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of
from tests.support.examples import cases
from tests.support.several_labels import MOOD, ROUTING
from tests.support.task_tables import task_table

_CHANNEL = {"channel": {"e-mail": 3, "chat": 2}}
_TONE = {"tone": {"given": "channel", "e-mail": {"formal": 5, "polite": 2}, "chat": ["casual"]}}
_OPENING = {
    "opening": {"given": "tone", "formal": ["Dear all", "To whom"], "polite": ["Hello", "Good day"], "casual": "Hi"}
}
_BY_LANGUAGE = {"register": {"given": "language", "en": ["plain"], "de": {"Sie": 3, "du": 1}}}
_TASKS = [Task.model_validate(entry) for entry in (MOOD, ROUTING)]


def _plan(tasks: list[Task], rows: int, **sampling: Any) -> pd.DataFrame:
    parameters = AttributeSamplingParameters.model_validate({"num_examples": rows, **sampling})
    return plan_rows(task_table(tasks), parameters, 42).to_pandas()


def _worst(values: "pd.Series[str]", weights: dict[str, float]) -> Fraction:
    """Largest distance of a value's count from its share, over all prefixes, in rows."""
    total = sum(weights.values())
    assert set(values) <= weights.keys()
    distances = [Fraction(0)]
    for value, weight in weights.items():
        counts = (values == value).cumsum().tolist()
        share = Fraction(str(weight)) / Fraction(str(total))
        distances += [abs(count - row * share) for row, count in enumerate(counts, start=1)]
    return max(distances)


@pytest.mark.parametrize("rows", [7, 150])
def test_values_are_balanced_within_each_value_of_the_parent(rows: int) -> None:
    plan = _plan(_TASKS, rows, extra={**_OPENING, **_TONE, **_CHANNEL, **_BY_LANGUAGE}, language=["English", "German"])
    for _, own in plan.groupby("task_id"):
        emails = own[own["channel"] == "e-mail"]
        assert _worst(emails["tone"], {"formal": 5, "polite": 2}) < 1
        assert set(own.loc[own["channel"] == "chat", "tone"]) <= {"casual"}
        assert _worst(own.loc[own["tone"] == "formal", "opening"], {"Dear all": 1, "To whom": 1}) < 1
        assert set(own.loc[own["tone"] == "casual", "opening"]) <= {"Hi"}
        assert _worst(own.loc[own["language"] == "German", "register"], {"Sie": 3, "du": 1}) < 1
        assert set(own.loc[own["language"] == "English", "register"]) <= {"plain"}


@pytest.mark.parametrize("balance", ["exact", "random"])
def test_a_dependent_attribute_moves_no_other_one_and_a_longer_plan_begins_with_the_shorter(balance: str) -> None:
    few = {"language": ["English", "German"], "balance": balance}
    without = _plan(_TASKS, 150, extra=_CHANNEL, **few)
    plan = _plan(_TASKS, 150, extra={**_TONE, **_CHANNEL, **_BY_LANGUAGE}, **few)
    pd.testing.assert_frame_equal(plan.drop(columns=["tone", "register"]), without)
    for rows in (3, 101):
        shorter = _plan(_TASKS, rows, extra={**_TONE, **_CHANNEL, **_BY_LANGUAGE}, **few)
        pd.testing.assert_frame_equal(plan.head(rows), shorter)


def test_a_label_can_have_a_dependent_choice_of_its_own() -> None:
    labels = ["calm", {"name": "angry", "extra": {"tone": {"given": "channel", "e-mail": "cold", "chat": "rude"}}}]
    task = Task.model_validate({"task": "Sort.", "labels": labels})
    plan = _plan([task], 80, extra={**_CHANNEL, **_TONE})
    angry, calm = plan[plan["label"] == "angry"], plan[plan["label"] == "calm"]
    assert dict(angry.groupby("channel")["tone"].unique().map(list)) == {"chat": ["rude"], "e-mail": ["cold"]}
    assert set(calm["tone"]) == {"formal", "polite", "casual"}


def test_choices_of_different_labels_that_make_a_circle_are_one_line() -> None:
    labels = [
        {"name": "a", "extra": {"tone": {"given": "channel", "e-mail": "x", "chat": "y"}}},
        {"name": "b", "extra": {"channel": {"given": "tone", "loud": "e-mail", "low": "chat"}}},
    ]
    task = Task.model_validate({"task": "Sort.", "labels": labels, "extra": {"tone": ["loud", "low"], **_CHANNEL}})
    with pytest.raises(ParameterError, match="depend on one another") as error:
        _plan([task], 10)
    assert len(str(error.value).splitlines()) == 1


def test_rows_of_several_labels_have_the_choice_of_one_of_their_labels() -> None:
    labels = [{"name": "a", "extra": {"tone": "dry"}}, {"name": "b", "extra": {"tone": "warm"}}, "c", "d"]
    task = Task.model_validate({"task": "Tag.", "labels": labels, "labels_per_text": [0, 3]})
    plan = _plan([task], 200, extra={"tone": ["plain", "odd"]})
    allowed = {"a": "dry", "b": "warm"}
    found: dict[tuple[str, ...], set[str]] = {}
    for of_row, tone in zip(plan["labels"], plan["tone"], strict=True):
        found.setdefault(of_row, set()).add(tone)
    for of_row, tones in found.items():
        assert tones == ({allowed[name] for name in of_row if name in allowed} or {"plain", "odd"})


@each_of("per", cases([["label", "tone"], "tone", "channel", ["channel", "tone"]], 2))
def test_a_quota_has_cells_of_values_that_go_together_only(per: Any) -> None:
    tasks, target = task_table([Task.model_validate(MOOD)]), 6
    sampling = AttributeSamplingParameters.model_validate(
        {"target_accepted": target, "per": per, "extra": {**_CHANNEL, **_TONE}, "clarity": "clear", "difficulty": "PhD"}
    )
    slots = QuotaSlots(tasks, sampling, 42)
    rounds = Rounds(recipe="", target=target, rounds=(first_round(slots, sampling.block_columns, target),))
    plan = quota_rows(tasks, sampling, 42, rounds).to_pandas()
    assert len(plan) == target * len(slots.blocks)
    assert set(plan.value_counts(list(sampling.cell_columns))) == {target}
    assert sorted(map(str, cells_of(plan, slots.columns))) == sorted(
        map(str, cells_of(slots.table(target), slots.columns))
    )
    pairs = {("e-mail", "formal"), ("e-mail", "polite"), ("chat", "casual")}
    assert {*zip(plan["channel"], plan["tone"], strict=True)} == pairs
