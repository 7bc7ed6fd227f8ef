"""Plans of several labels a text: sizes, labels and pairs keep to their shares wherever a task ends."""

from itertools import combinations, pairwise
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.hashing import key64
from synthetic_textcat.pipelines.attribute_sampling.joint_labels import joint_labels
from synthetic_textcat.pipelines.attribute_sampling.label_sets import PIECE, LabelSets
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.several_labels import label_sets_of
from synthetic_textcat.schemas.attributes import shares_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.attribute_sampling.random_tasks import expected, random_task
from tests.support.examples import cases
from tests.support.several_labels import MOOD, ROUTING, TOPICS
from tests.support.task_tables import task_table

_EPSILON = 1e-9
_EXCLUDED_OFF = 1.5
"""Bound of a label's count in tasks with excluded pairs, as in the guide."""


def _pairs_off(rows: int) -> float:
    """Bound of a pair's count after so many rows, as in the guide."""
    return 5 + sqrt(rows) / 4


def _plan(tasks: list[Task], rows: int, seed: int = 42, **sampling: Any) -> pd.DataFrame:
    parameters = AttributeSamplingParameters.model_validate({"num_examples": rows, **sampling})
    return plan_rows(task_table(tasks), parameters, seed).to_pandas()


class _Off(NamedTuple):
    """Largest distances from the shares, in rows: of sizes, of labels; of pairs, by number of rows."""

    sizes: float
    labels: float
    pairs: NDArray[np.float64]


def _off(task: Task, sets: "pd.Series[Any]") -> _Off:
    shares, names = expected(task), task.label_names
    has = np.array([[name in own for name in names] for own in sets])
    number_of = sets.map(len).to_numpy()
    total, sizes = sum(task.set_sizes.values()), [*task.set_sizes]
    rows = np.arange(1, len(sets) + 1)
    of_sizes = [np.abs(np.cumsum(number_of == size) - rows * task.set_sizes[size] / total).max() for size in sizes]
    a, b = np.array([*combinations(range(len(names)), 2)]).T
    of_labels = np.cumsum(has - np.array([shares.labels[size] for size in number_of]), axis=0)
    of_pairs = np.cumsum((has[:, a] & has[:, b]) - np.array([shares.pairs[size] for size in number_of]), axis=0)
    return _Off(max(of_sizes), np.abs(of_labels).max(), np.abs(of_pairs).max(axis=1))


def _assert_kept(task: Task, rows: int, seed: int) -> float:
    """Asserts all bounds of one task; how far a label is off."""
    sets = _plan([task], rows, seed)["labels"]
    off = _off(task, sets)
    excluded = [pair for pair, weight in task.pair_weights.items() if not weight]
    assert off.sizes < 1
    assert off.labels < (_EXCLUDED_OFF if excluded else 1 + _EPSILON)
    assert (off.pairs < [_pairs_off(row) for row in range(1, rows + 1)]).all(), (task, off.pairs.max())
    assert not any(pair <= set(own) for own in set(sets) for pair in excluded)
    assert all(list(own) == sorted(own, key=task.label_names.index) for own in set(sets))
    return off.labels


@pytest.mark.parametrize("number", cases(range(12), 4))
def test_sizes_and_labels_are_within_one_of_their_shares_and_pairs_near_theirs(number: int) -> None:
    _assert_kept(random_task(number), 150, number)


@pytest.mark.slow
def test_five_hundred_tasks_keep_to_their_shares() -> None:
    off = [_assert_kept(random_task(number), 400, number) for number in range(500)]
    assert sum(own >= 1 for own in off) < 25  # all of them exclude pairs


@pytest.mark.parametrize("number", cases([7, 1, 2], 3))
def test_a_longer_plan_begins_with_the_shorter_one(number: int) -> None:
    tasks = [random_task(number), random_task(number + 20), Task.model_validate(MOOD)]
    longer = _plan(tasks, 150)
    for rows in (1, 7, 12, 50, 100):
        pd.testing.assert_frame_equal(longer.head(rows), _plan(tasks, rows))


def test_neither_order_of_the_file_nor_other_tasks_move_a_row() -> None:
    routing, topics = Task.model_validate(ROUTING), Task.model_validate(TOPICS)
    turned = Task.model_validate(
        ROUTING | {"labels": dict(reversed(ROUTING["labels"].items())), "together": [*reversed(ROUTING["together"])]}
    )
    alone = _plan([routing], 90)
    together = _plan([topics, turned], 180)
    own = together[together["task_id"] == routing.task_id].reset_index(drop=True)
    assert [set(labels) for labels in own["labels"]] == [set(labels) for labels in alone["labels"]]
    pd.testing.assert_frame_equal(own.drop(columns="labels"), alone.drop(columns="labels"))


def test_rows_of_both_kinds_of_tasks_have_their_columns() -> None:
    plan = _plan([Task.model_validate(entry) for entry in (ROUTING, MOOD)], 200)
    is_multi = plan["task"] == ROUTING["task"]
    assert plan.loc[is_multi, "label"].isna().all()
    assert plan.loc[~is_multi, "label"].tolist() == [labels[0] for labels in plan.loc[~is_multi, "labels"]]
    assert not any(own in labels for own, labels in zip(plan["misleading_label"], plan["labels"], strict=True))
    assert plan["misleading_label"].notna().all()


def test_single_label_rows_are_the_same_next_to_multi_label_ones() -> None:
    mood = Task.model_validate(MOOD)
    mixed = _plan([Task.model_validate(ROUTING), mood], 120)
    own = mixed[mixed["task"] == mood.task].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, _plan([mood], 60))


def test_many_short_tasks_together_have_the_joint_distribution() -> None:
    task = Task.model_validate(TOPICS)
    tasks = [Task.model_validate(TOPICS | {"task": f"Tag item {number}."}) for number in range(1_000)]
    plan, share = _plan(tasks, 3_000), expected(task).labels
    for rows in (1, 2, 3):
        sets = plan.loc[plan["replicate"] < rows, "labels"].tolist()
        assert len(sets) == 1_000 * rows
        wanted = np.sum([share[len(own)] for own in sets], axis=0)
        got = np.sum([[name in own for name in task.label_names] for own in sets], axis=0)
        assert (np.abs(got - wanted) < 4 * np.sqrt(wanted)).all()


def test_independent_draws_follow_the_distribution_and_need_not_be_within_one() -> None:
    task = Task.model_validate(ROUTING)
    sets = _plan([task], 3_000, balance="random")["labels"]
    off, shares = _off(task, sets), expected(task)
    assert off.labels > 1
    wanted = np.sum([shares.labels[len(own)] for own in sets], axis=0)
    assert off.labels < 5 * sqrt(max(wanted))
    assert not any({"Billing", "Returns"} <= set(own) for own in sets)


def test_a_task_of_many_labels_keeps_to_its_shares_though_not_all_sets_are_compared() -> None:
    labels, rows = 60, 150
    joint = joint_labels([1 + place % 3 for place in range(labels)], {(0, 1): 0, (2, 3): 5}, [1, 3])
    sets = LabelSets(joint, shares_of({1: 1, 3: 1}), is_exact=True)
    chosen = sets.draw(np.array([key64("a"), key64("b")], np.uint64), np.array([rows, rows]))
    for own in np.split(chosen, 2):
        share = np.array([[float(each) for each in joint.inclusion[size]] for size in own.sum(axis=1)])
        assert np.abs(np.cumsum(own - share, axis=0)).max() < 1 + _EPSILON
        assert not (own[:, 0] & own[:, 1]).any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("weight", "is_exact"), [(1e9, True), (1e9, False), (1e-9, True)])
def test_a_weight_that_all_pairs_have_changes_nothing_however_large_it_is(weight: float, is_exact: bool) -> None:
    labels, size = 10, 9  # 36 pairs a set: products of their weights leave the range of floating-point numbers
    even, weighted = (
        LabelSets(joint_labels([1] * labels, of_pairs, [size]), shares_of({size: 1}), is_exact=is_exact)
        for of_pairs in ({}, dict.fromkeys(combinations(range(labels), 2), weight))
    )
    keys, rows = np.array([key64("a")], np.uint64), np.array([100])
    np.testing.assert_array_equal(weighted.draw(keys, rows), even.draw(keys, rows))


@pytest.mark.parametrize("task", cases([Task.model_validate(TOPICS), random_task(1)], 2), ids=lambda task: task.task)
def test_a_long_task_keeps_to_its_shares_where_its_pieces_meet(task: Task) -> None:
    """The second task excludes pairs: where a piece ends, its labels are not those with which the next one began."""
    keys, rows = np.array([key64("a")] * 2, np.uint64), np.array([2 * PIECE + 90, PIECE + 90])
    longer, shorter = np.split(label_sets_of(task, is_exact=True).draw(keys, rows), rows[:1])
    off = _off(task, pd.Series([tuple(np.array(sorted(task.label_names))[own]) for own in longer]))
    assert off.labels < (1 + _EPSILON if all(task.pair_weights.values()) else _EXCLUDED_OFF)
    assert off.pairs.max() < _pairs_off(PIECE)
    assert (shorter == longer[: PIECE + 90]).all()


@pytest.mark.parametrize(
    ("groups", "labels", "size", "needed"), cases([(3, 3, 2, 10 / 9), (3, 4, 3, 5 / 4), (3, 5, 3, 6 / 5)], 3)
)
def test_no_plan_can_be_within_one_for_every_file(groups: int, labels: int, size: int, needed: float) -> None:
    """Groups of labels that exclude one another: the plan is as near as any plan can be.

    Three groups of three, two labels a text: of the first four rows two are of one group. They have four of its three
    labels, so a label has two rows, and its share of four rows is 8/9: it is 10/9 off, whatever the plan. In general,
    of (j - 1) g + 1 rows, g groups, one has j rows, so one of its s labels has j k / s rows, rounded up.
    """
    names = [f"{group}{number}" for group in "abc"[:groups] for number in range(labels)]
    apart = [{"labels": list(pair), "weight": 0} for pair in combinations(names, 2) if pair[0][0] != pair[1][0]]
    task = Task.model_validate({"task": "Tag.", "labels": names, "labels_per_text": size, "together": apart})
    assert needed == pytest.approx(
        max(
            -(-row * size // labels) - ((row - 1) * groups + 1) * size / (groups * labels)
            for row in range(1, 2 * labels)
        )
    )
    assert _off(task, _plan([task], 40)["labels"]).labels == pytest.approx(needed)


def test_pairs_that_link_too_many_labels_are_refused_in_one_line() -> None:
    names = [f"L{number}" for number in range(40)]
    together = [{"labels": list(pair), "weight": 2} for pair in pairwise(names)]
    task = {"task": "Tag.", "labels": names, "labels_per_text": [1, 5], "together": together}
    with pytest.raises(ParameterError, match=r"Task 'Tag\.': together: pairs link 40 labels") as error:
        _plan([Task.model_validate(task)], 10)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(("number", "sequences"), [(7, 60), (44, 500), pytest.param(29, 250, marks=pytest.mark.slow)])
def test_a_sequence_is_drawn_alike_alone_and_among_many(number: int, sequences: int) -> None:
    """Alone it is drawn among the sets of all sizes at once, among many size by size."""
    drawn = label_sets_of(random_task(number), is_exact=True)
    keys = np.array([key64("company", number, each) for each in range(sequences)], np.uint64)
    rows = np.full(len(keys), 20)
    among_many = drawn.draw(keys, rows).reshape(len(keys), 20, -1)
    for place in range(6):
        assert (drawn.draw(keys[place : place + 1], rows[:1]) == among_many[place]).all()
