"""Few rows of a task are planned alike as long as there are combinations that none of them has."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import report_on
from synthetic_textcat.schemas.attributes import chosen_weights, shares_of, weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.support.each_case import each_of
from tests.support.examples import cases, examples
from tests.support.task_tables import task_table

_SORTS = 8
_FIXED = {"difficulty": "PhD", "clarity": "clear", "num_words": "at least 10"}


def _plan(tasks: list[Task], rows: int, **sampling: Any) -> pd.DataFrame:
    return plan_rows(
        task_table(tasks), AttributeSamplingParameters.model_validate({"num_examples": rows, **sampling}), 42
    ).to_pandas()


def _repeated(labels: list[str], rows: int, **sampling: Any) -> list[int]:
    """The repeated prompts of a plan with so many rows of each of some tasks, by task."""
    tasks = [Task.model_validate({"task": f"Sort {number}.", "labels": labels}) for number in range(_SORTS)]
    of_tasks = [own for _, own in _plan(tasks, _SORTS * rows, **sampling).groupby("task")]
    assert {len(own) for own in of_tasks} == {rows}
    return [report_on(as_table(own), task_table([]), 3)["plan/repeated_prompts"] for own in of_tasks]


@each_of(
    ("labels", "rows", "most"),
    cases([([], 15, 0.5), ([], 30, 1.5), ([], 45, 3.5), (["a", "b"], 90, 10), (list("abcdef"), 555, 6)], 3),
)
def test_prompts_are_hardly_repeated_while_there_are_combinations(labels: list[str], rows: int, most: float) -> None:
    """Independent draws repeat a third of the prompts where there are as many rows as combinations."""
    repeated = _repeated(labels, rows)
    by_chance = _repeated(labels, rows, balance="random")
    assert sum(repeated) / _SORTS <= most
    assert sum(repeated) < sum(by_chance) / 3


def test_an_own_attribute_tells_rows_of_one_combination_apart() -> None:
    assert set(_repeated([], 5, extra={"tone": list("abcde")}, **_FIXED)) == {0}
    assert set(_repeated(["x", "y"], 8, extra={"tone": list("abcd")}, **_FIXED)) == {0}


def test_two_languages_and_two_lengths_are_four_prompts() -> None:
    assert set(_repeated([], 4, language=["de", "fr"], **_FIXED | {"num_words": ["at least 10", "at least 50"]})) == {0}


_TONES: list[Any] = [["dry", "warm"], {"dry": 2, "warm": 1, "glad": 1}, "dry"]
_LABELS = st.lists(
    st.fixed_dictionaries(
        {"weight": st.sampled_from([1, 1, 2, 0.3])},
        optional={"extra": st.fixed_dictionaries({"tone": st.sampled_from(_TONES)})},
    ),
    max_size=5,
).filter(lambda labels: len(labels) != 1)
_CHOICES = st.fixed_dictionaries(
    {
        "language": st.sampled_from(["German", "paper", ["de", "fr"], {"de": 1, "en": 3}]),
        "clarity": st.sampled_from([None, "paper", "clear"]),
        "num_words": st.sampled_from([None, "paper"]),
    }
)


def _shares(choice: Any, name: str) -> Mapping[str, Fraction]:
    return weights_of(name, choice) if name in ATTRIBUTES else chosen_weights(choice)


def _keeps_to(values: Sequence[Any], shares: Mapping[str, Fraction]) -> bool:
    """Whether each value's count is its share, rounded up or down, wherever the values end."""
    counts = dict.fromkeys(shares, 0)
    for length, value in enumerate(values, start=1):
        counts[value] += 1
        if not all(floor(length * share) <= counts[name] <= ceil(length * share) for name, share in shares.items()):
            return False
    return True


@examples(25)
@given(_LABELS, _CHOICES, st.sampled_from(_TONES), st.sampled_from([20, 80, 200]))
def test_exchanges_keep_every_count_wherever_a_task_ends(
    labels: list[dict[str, Any]], choices: dict[str, Any], tone: Any, rows: int
) -> None:
    named = [{"name": name, **label} for name, label in zip("abcde", labels, strict=False)]
    task = Task.model_validate({"task": "Sort.", "labels": named, "extra": {"tone": tone}, **choices})
    plan = _plan([task], rows)
    for name, choice in (choices | {"difficulty": None}).items():
        assert _keeps_to(plan[name].tolist(), _shares(choice, name))
    of_labels = {label["name"]: label["extra"]["tone"] for label in named if "extra" in label}
    strands = plan["label"].where(plan["label"].isin(list(of_labels)), "")
    for strand, own in plan.groupby(strands):
        assert _keeps_to(own["tone"].tolist(), _shares(of_labels.get(str(strand), tone), "tone"))
    if named:
        assert _keeps_to(plan["label"].tolist(), shares_of({label["name"]: label["weight"] for label in named}))
    for label, own in plan.groupby("label"):
        others = [each["name"] for each in named if each["name"] != label]
        assert _keeps_to(own["misleading_label"].tolist(), shares_of(dict.fromkeys(others, 1.0)))
