"""The plan does not depend on luck: seed, task and number within the task decide each row, and nothing else."""

import json
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.attribute_sampling.deduplicate_plan import MOST_ROWS, REACH
from synthetic_textcat.pipelines.attribute_sampling.nodes import hash_plan, plan_requests
from synthetic_textcat.pipelines.attribute_sampling.plan import deal
from synthetic_textcat.schemas.attributes import weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES, REQUESTS, plan_sha256
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.tables import as_table
from tests.pipelines.attribute_sampling.fixed_plan import SAMPLING, SEED, TASKS, hashes
from tests.support.each_case import each_of
from tests.support.examples import cases, examples
from tests.support.task_tables import task_table

_PLANS_SHA256 = {
    "small": "5bca75a2eb903c4bb412aa236fe6a855b85770ac44189980cfce4180b8d9fb45",
    "long": "fd8c3ebc0d029284834474beac8ac09b0ecb058865998e97add7b32eb85891a9",
    "many_weights": "000fd6250a4b1fd90b46b9df90dcf62138a3bd6b77c1bb04df133735f9c27e50",
    "random": "d632d181da5b8fb4bbfd2b7c93f4c577fbaca90416e93ad7c645048a8c362799",
    "confusable": "ea7df39974f2b59752b2b7099e93d48be3eb6bf281eed09bcce00e8c954dbb79",
    "similar": "95458a194e57db8c3aa1a8192ee37d7eb4b0b9ab86bfc2bf1a2768e8efa618ba",
    "quota": "7a6d279aa6548f6e38ecd02b1bb157664cfbdd368a679611f38ad06ff7683467",
    "shown": "076555887e79779ac064c6b64efcd65fd87ae0a27b997f5253435a09f071c306",
}
_TEXT = st.text("abcdefgh é中", min_size=1, max_size=10).filter(normalise)
_LABELS = st.lists(_TEXT, max_size=5, unique_by=normalise).filter(lambda names: len(names) != 1)
_TASKS = st.lists(
    st.builds(lambda text, names: Task.model_validate({"task": text, "labels": names}), _TEXT, _LABELS),
    min_size=1,
    max_size=5,
    unique_by=lambda task: task.task_id,
)
_PROPERTY = examples(20)


def _plan(tasks: list[Task], rows: int, seed: int = 42, **sampling: object) -> pd.DataFrame:
    parameters = AttributeSamplingParameters.model_validate({"num_examples": rows, **sampling})
    return plan_requests(task_table(tasks), parameters, seed).to_pandas()


def _worst(values: "pd.Series[str]", shares: Mapping[str, Fraction]) -> float:
    """The furthest that a value's count is from its share, over all beginnings of the sequence."""
    counts = dict.fromkeys(shares, 0)
    worst = Fraction(0)
    for length, value in enumerate(values, start=1):
        counts[value] += 1
        worst = max(worst, *(abs(count - length * shares[name]) for name, count in counts.items()))
    return float(worst)


def _by_id(plan: pd.DataFrame) -> pd.DataFrame:
    return plan.set_index("request_id").sort_index()


def test_plans_of_fixed_tasks_and_seed_stay_what_they_are() -> None:
    assert hashes() == _PLANS_SHA256
    plan = _plan(TASKS, SAMPLING.num_examples, SEED, **SAMPLING.model_dump(exclude={"num_examples"}))
    assert hash_plan(as_table(plan)) == _PLANS_SHA256["small"] + "\n"


def test_a_walk_makes_the_same_rows_in_any_batches_and_columns() -> None:
    plan = plan_requests(task_table(TASKS), SAMPLING, SEED)
    whole = plan.to_pandas()
    for names in (list(REQUESTS), ["label", "task_id"], ["seed"], ["replicate", "request_id"]):
        batches = list(plan.frames(names, 7))
        assert {len(batch) for batch in batches[:-1]} == {7}
        pd.testing.assert_frame_equal(pd.concat(batches, ignore_index=True), whole[names])


def test_a_long_plan_takes_few_bytes_a_row() -> None:
    rows = 80_000
    few, many = (AttributeSamplingParameters(num_examples=n) for n in (1_000, rows))
    plan_requests(task_table(TASKS), few, SEED)  # fits the odds, which are kept
    tracemalloc.start()
    try:
        plan = plan_requests(task_table(TASKS), many, SEED)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        deal(np.array([1.0, 2.0, 0.3]), 10 * rows)
        _, dealing = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        assert sum(len(batch) for batch in plan.frames(["task", "language", "label"])) == rows
        _, walking = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 24 * rows  # with two attributes of the tasks
    assert dealing - held < 40 * 10 * rows
    assert walking - held < 100 * rows  # a frame of these columns has more, let alone one of all


@_PROPERTY
@given(st.lists(st.sampled_from([0.1, 1 / 3, 1.0, 2.0, 7.0]), min_size=1, max_size=9), st.integers(1, 60))
def test_rows_go_to_the_task_furthest_behind_its_weight(weights: list[float], rows: int) -> None:
    stands = sorted(((2 * row + 1) / weight, task, row) for task, weight in enumerate(weights) for row in range(rows))
    tasks, replicates = deal(np.array(weights), rows)
    assert list(zip(tasks.tolist(), replicates.tolist(), strict=True)) == [place[1:] for place in stands[:rows]]


@pytest.mark.slow  # the test before compares with an earlier process too, whose PYTHONHASHSEED was another
def test_another_process_makes_the_same_plans() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.pipelines.attribute_sampling.fixed_plan"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"PYTHONHASHSEED": "4711"},
    )
    assert json.loads(ended.stdout) == _PLANS_SHA256


@_PROPERTY
@given(_TASKS, st.integers(1, 40), st.integers(0, 40), st.integers())
def test_more_rows_keep_the_first_ones(tasks: list[Task], rows: int, more: int, seed: int) -> None:
    shorter, longer = _plan(tasks, rows, seed), _plan(tasks, rows + more, seed)
    pd.testing.assert_frame_equal(longer.head(rows), shorter)
    assert plan_sha256(longer.head(rows)) == plan_sha256(shorter)
    assert {str(name): str(kind) for name, kind in shorter.dtypes.items()} == REQUESTS


@_PROPERTY
@given(_TASKS, st.integers(1, 40))
def test_the_order_of_the_file_changes_nothing(tasks: list[Task], rows: int) -> None:
    turned = [task.model_copy(update={"labels": task.labels[::-1]}) for task in tasks[::-1]]
    pd.testing.assert_frame_equal(_plan(turned, rows), _plan(tasks, rows))


@_PROPERTY
@given(_TASKS, st.integers(1, 40))
def test_a_new_task_alters_no_row_that_stays(tasks: list[Task], rows: int) -> None:
    newcomer = Task.model_validate({"task": "Something entirely new.", "labels": ["x", "y"]})
    before, after = _by_id(_plan(tasks, rows)), _by_id(_plan([*tasks, newcomer], rows))
    staying = before.index.intersection(after.index)
    pd.testing.assert_frame_equal(after.loc[staying], before.loc[staying])
    assert len(staying) >= rows * len(tasks) // (len(tasks) + 1) - len(tasks)


@pytest.mark.parametrize(("labels", "rows"), cases(product(([], ["a", "b", "c"]), (1, 7, 44, 45, 46, 90, 300)), 3))
def test_more_rows_keep_those_that_exchanged_values(labels: list[str], rows: int) -> None:
    task = Task.model_validate({"task": "Sort.", "labels": labels, "extra": {"mood": ["x", "y"]}})
    longer = _plan([task], 400, clarity="paper")
    pd.testing.assert_frame_equal(longer.head(rows), _plan([task], rows, clarity="paper"))


_SORTED = [
    Task.model_validate({"task": sentence, "labels": ["a", "b", "c"], "extra": {"mood": ["x", "y"]}})
    for sentence in ("Sort.", "Order.")
]


@cache
def _kept_apart_no_longer() -> pd.DataFrame:
    return _plan(_SORTED, 2 * MOST_ROWS + 400, language="paper")


@pytest.mark.parametrize("rows", cases([MOST_ROWS, MOST_ROWS - 1, MOST_ROWS + REACH], 3))
def test_more_rows_keep_the_first_ones_where_they_are_kept_apart_no_longer(rows: int) -> None:
    pd.testing.assert_frame_equal(_kept_apart_no_longer().head(2 * rows), _plan(_SORTED, 2 * rows, language="paper"))


@_PROPERTY
@given(_TASKS, st.integers(1, 40))
def test_a_choice_of_one_attribute_moves_no_draw_of_another(tasks: list[Task], rows: int) -> None:
    even, certain = _plan(tasks, rows, balance="random"), _plan(tasks, rows, balance="random", difficulty="PhD")
    pd.testing.assert_frame_equal(certain.drop(columns="difficulty"), even.drop(columns="difficulty"))
    assert set(certain["difficulty"]) == {"PhD"}


@_PROPERTY
@given(_TASKS, st.integers(1, 60), st.integers())
def test_labels_are_balanced_wherever_the_plan_ends(tasks: list[Task], rows: int, seed: int) -> None:
    plan = _plan(tasks, rows, seed)
    for task in tasks:
        own = plan[plan["task_id"] == task.task_id]
        assert list(own["replicate"]) == list(range(len(own)))
        if not task.labels:
            assert own["label"].isna().all()
            assert own["misleading_label"].isna().all()
            continue
        assert _worst(own["label"], dict.fromkeys(task.label_names, Fraction(1, len(task.labels)))) < 1
        assert (own["misleading_label"] != own["label"]).all()
        for label in task.label_names:
            others = dict.fromkeys(set(task.label_names) - {label}, Fraction(1, len(task.labels) - 1))
            assert _worst(own.loc[own["label"] == label, "misleading_label"], others) < 1


@_PROPERTY
@given(_TASKS, st.sampled_from([None, "paper"]), st.integers(1, 150))
def test_each_attribute_keeps_to_its_weights_within_a_task(tasks: list[Task], choice: str | None, rows: int) -> None:
    plan = _plan(tasks, rows, **dict.fromkeys(ATTRIBUTES, choice))
    for _, own in plan.groupby("task_id"):
        for name in ATTRIBUTES:
            assert _worst(own[name], weights_of(name, choice)) < 1


def test_labels_weights_are_kept() -> None:
    labels = [{"name": "a", "weight": 5}, {"name": "b", "weight": 2}, {"name": "c"}]
    plan = _plan([Task.model_validate({"task": "Sort.", "labels": labels})], 80)
    assert dict(plan["label"].value_counts()) == {"a": 50, "b": 20, "c": 10}


def test_tasks_get_rows_by_their_weights() -> None:
    tasks = [Task(task="One.", weight=3), Task(task="Two."), Task(task="Three.", weight=0.5)]
    counts = Counter(_plan(tasks, 90)["task"])
    assert counts == {"One.": 60, "Two.": 20, "Three.": 10}


def test_random_draws_are_independent_and_another_plan_of_the_same_rows() -> None:
    exact, random = _plan(TASKS, 900), _plan(TASKS, 900, balance="random")
    assert list(exact["request_id"]) == list(random["request_id"])
    assert _worst(random["difficulty"], weights_of("difficulty", None)) > 3
    counts = random["difficulty"].value_counts()
    assert sum((counts - 300) ** 2 / 300) < 13.8  # 2 degrees, 0.001


@_PROPERTY
@given(_TASKS, st.integers(1, 60))
def test_rows_are_dealt_round_the_tasks_and_have_ids_of_their_own(tasks: list[Task], rows: int) -> None:
    plan = _plan(tasks, rows)
    counts = Counter(plan["task_id"])
    assert max(counts.values()) - min(counts.get(task.task_id, 0) for task in tasks) <= 1
    assert plan["request_id"].is_unique
    assert plan["seed"].between(0, 2**31 - 1).all()


def test_labels_and_descriptions_move_no_id() -> None:
    bare = [Task(task=task.task, weight=task.weight) for task in TASKS]
    assert list(_plan(bare, 20)["request_id"]) == list(_plan(TASKS, 20)["request_id"])


def test_another_seed_is_another_plan() -> None:
    one, two = _plan(TASKS, 50, seed=1), _plan(TASKS, 50, seed=2)
    assert set(one["request_id"]).isdisjoint(two["request_id"])
    assert list(one["difficulty"]) != list(two["difficulty"])


def test_many_tasks_of_few_rows_have_the_weights_too() -> None:
    tasks = [Task(task=f"Task {number}.") for number in range(1_000)]
    weights = {"English": 0.6, "German": 0.3, "French": 0.1}
    for rows in (1_000, 2_000, 3_000, 4_000):
        counts = Counter(_plan(tasks, rows, language=weights)["language"])
        assert sum((counts[name] - rows * x) ** 2 / (rows * x) for name, x in weights.items()) < 13.8  # as above


@each_of("weights", cases([(4, 1), (3, 1), (0.431, 0.377, 0.192), (6, 3, 1)], 2))
def test_attributes_and_labels_of_like_weights_are_not_tied_to_one_another(weights: tuple[float, ...]) -> None:
    rows, names = 3_000, "abc"[: len(weights)]
    labels = [{"name": name, "weight": weight} for name, weight in zip(names, weights, strict=True)]
    odds = dict(zip(names, weights, strict=True))
    plan = _plan([Task.model_validate({"task": "Sort.", "labels": labels})], rows, extra={"x": odds, "y": odds})
    total = sum(weights)
    for one, other in (("label", "x"), ("x", "y")):
        counts = plan.groupby([one, other]).size()
        assert len(counts) == len(weights) ** 2
        for a, b in product(names, names):
            expected = rows * odds[a] * odds[b] / total**2
            assert abs(counts[a, b] - expected) < 4.5 * expected**0.5


def test_all_combinations_of_the_preset_come_up_in_a_long_task() -> None:
    plan = _plan([Task(task="One.")], 2_000, clarity="paper", num_words="paper", difficulty="paper")
    assert len(plan.groupby(["difficulty", "clarity", "num_words"])) == 45
