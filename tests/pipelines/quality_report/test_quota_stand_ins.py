"""Sets of labels that may stand in for one that was given up."""

from itertools import combinations
from math import comb

from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.quota_stand_ins import sets_with
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.attribute_sampling.random_tasks import random_task
from tests.support.examples import examples


@examples(60)
@given(st.integers(0, 500), st.integers(0, 8), st.integers(0, 8), st.data())
def test_they_are_all_allowed_sets_with_the_label_that_are_no_rarer(
    number: int, own: int, without: int, data: st.DataObject
) -> None:
    task = random_task(number)
    names = task.label_names
    label, barred = names[own % len(names)], {names[without % len(names)]} - {names[own % len(names)]}
    size = data.draw(st.sampled_from([size for size in task.set_sizes if size]))
    share = {size: weight / comb(len(names), size) for size, weight in task.set_sizes.items()}
    wanted = {
        chosen
        for other in task.set_sizes
        if other and share[other] >= share[size]
        for chosen in combinations(names, other)
        if label in chosen and not barred & {*chosen}
        if all(task.pair_weights.get(frozenset(pair), 1) for pair in combinations(chosen, 2))
    }
    found = [*sets_with(task, label, size, barred)]
    assert len(found) == len({*found})
    assert {*found} == wanted
    shares = [share[len(labels)] for labels in found]
    assert shares == sorted(shares, reverse=True)


def test_labels_of_more_weight_come_first() -> None:
    labels = [{"name": name, "weight": weight} for name, weight in zip("abcd", (1, 5, 1, 9), strict=True)]
    task = Task.model_validate({"task": "Tag.", "labels": labels, "labels_per_text": 2})
    assert [*sets_with(task, "a", 2, ())] == [("a", "d"), ("a", "b"), ("a", "c")]


def test_many_labels_of_which_few_sets_are_left_take_no_time() -> None:
    names = [f"label {number:02}" for number in range(60)]
    apart = [{"labels": list(pair), "weight": 0} for pair in combinations(names[1:], 2)]
    task = Task.model_validate({"task": "Tag.", "labels": names, "labels_per_text": [1, 2], "together": apart})
    assert len([*sets_with(task, names[0], 2, ())]) == 60
    assert [*sets_with(task, names[1], 2, ())] == [(names[1],), (names[0], names[1])]
