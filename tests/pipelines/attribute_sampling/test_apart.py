"""Few rows of a task are planned alike as long as there are combinations that none of them has."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import report_on
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.tasks import Task

_FIXED = {"difficulty": "PhD", "clarity": "clear", "num_words": "at least 10"}


def _plan(task: Task, rows: int, **sampling: Any) -> pd.DataFrame:
    return plan_rows([task], AttributeSamplingParameters.model_validate({"num_examples": rows, **sampling}), 42)


def _repeated(labels: list[str], rows: int, **sampling: Any) -> list[int]:
    """The repeated prompts of a plan, for 30 tasks."""
    tasks = [Task.model_validate({"task": f"Sort {number}.", "labels": labels}) for number in range(30)]
    return [report_on(_plan(task, rows, **sampling), [], 3)["plan/repeated_prompts"] for task in tasks]


@pytest.mark.parametrize(
    ("labels", "rows", "most"),
    [([], 15, 0.5), ([], 30, 1.5), ([], 45, 3.5), (["a", "b"], 90, 10), (["a", "b", "c", "d", "e", "f"], 555, 6)],
)
def test_prompts_are_hardly_repeated_while_there_are_combinations(labels: list[str], rows: int, most: float) -> None:
    """Independent draws repeat a third of the prompts where there are as many rows as combinations."""
    repeated = _repeated(labels, rows)
    by_chance = _repeated(labels, rows, balance="random")
    assert sum(repeated) / 30 <= most
    assert sum(repeated) < sum(by_chance) / 3


def test_an_own_attribute_tells_rows_of_one_combination_apart() -> None:
    assert set(_repeated([], 5, extra={"tone": list("abcde")}, **_FIXED)) == {0}
    assert set(_repeated(["x", "y"], 8, extra={"tone": list("abcd")}, **_FIXED)) == {0}


def test_two_languages_and_two_lengths_are_four_prompts() -> None:
    assert set(_repeated([], 4, language=["de", "fr"], **_FIXED | {"num_words": ["at least 10", "at least 50"]})) == {0}


@given(st.integers(2, 5), st.sampled_from([None, "paper"]))
def test_exchanges_keep_misleading_labels_even_wherever_a_task_ends(num_labels: int, choice: str | None) -> None:
    plan = _plan(Task.model_validate({"task": "Sort.", "labels": list("abcde")[:num_labels]}), 300, clarity=choice)
    for label, own in plan.groupby("label"):
        counts = dict.fromkeys(set("abcde"[:num_labels]) - {label}, 0)
        for misleading in own["misleading_label"]:
            counts[misleading] += 1
            assert max(counts.values()) - min(counts.values()) <= 1
