"""A quota played round by round against a model with known yields: the mix is kept, and losses are named."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hashing import draw
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests, plan_slots
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import first_round
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.pipelines.quality_report.quota_shortfall import shortfall_of
from synthetic_textcat.pipelines.quality_report.quota_stand_ins import sets_with
from synthetic_textcat.pipelines.quality_report.quota_standing import beyond_target_mask, standing_of
from synthetic_textcat.pipelines.quality_report.row_ends import find_ends
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Rounds, Shortfall
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.pipelines.attribute_sampling.random_tasks import random_task
from tests.support.examples import examples
from tests.support.several_labels import ROUTING
from tests.support.task_tables import task_table

_TASKS = [
    Task.model_validate({"task": "Sort mail.", "labels": ["bill", "chat", "spam"]}),
    Task.model_validate({"task": "Sort news.", "labels": ["war", "sport"]}),
]
_ODDS = {"language": {"German": 3, "English": 2, "Turkish": 1}, "extra": {"tone": ["calm", "angry"]}}
_SHARES = {
    "language": {"German": 1 / 2, "English": 1 / 3, "Turkish": 1 / 6},
    "tone": {"calm": 1 / 2, "angry": 1 / 2},
    "difficulty": dict.fromkeys(("high school", "college", "PhD"), 1 / 3),
    "clarity": dict.fromkeys(("clear", "understandable with some effort", "ambiguous"), 1 / 3),
}


_PAID = {0.95: 1.1, 0.67: 1.6, 0.4: 3.0}
"""Planned rows for each row wanted, at most, by the yield."""


class Played(NamedTuple):
    """The rounds, their plan, its accepted and surplus rows, what each round left, and what the last one left."""

    rounds: Rounds
    requests: pd.DataFrame
    accepted: pd.DataFrame
    surplus: pd.DataFrame
    after: list[Shortfall]

    @property
    def shortfall(self) -> Shortfall:
        return self.after[-1]


def _sampling(target: int, per: Any = ("task", "label"), **others: Any) -> AttributeSamplingParameters:
    return AttributeSamplingParameters.model_validate({**_ODDS, "target_accepted": target, "per": per, **others})


def _play(
    sampling: AttributeSamplingParameters, is_good: Callable[[Mapping[str, Any]], bool], tasks: list[Task] = _TASKS
) -> Played:
    table, seed, target = task_table(tasks), 42, sampling.target_accepted or 0
    rounds = Rounds(
        recipe="r",
        target=target,
        rounds=(first_round(QuotaSlots(table, sampling, seed), sampling.block_columns, target),),
    )
    slots, after = plan_slots(table, sampling, seed), list[Shortfall]()
    while True:
        requests = plan_requests(table, sampling, seed, rounds.model_dump(mode="json")).to_pandas()
        good, ids = np.array([is_good(row) for row in records_of(requests)], bool), requests[["request_id"]]
        surplus = beyond_target_mask(good, requests, ids, slots, sampling)
        rejected = ids[~good].assign(reject_reason="wrong_language")
        tables = {"examples": ids[good & ~surplus], "surplus": ids[surplus], "rejected": rejected}
        plan = as_table(requests)
        ends = find_ends(plan, {name: as_table(table) for name, table in tables.items()})
        standing = standing_of(plan, slots, rounds, ends)
        previous = after[-1] if after else None
        found, _ = shortfall_of(standing, rounds, previous, tasks, sampling, lambda wanted: [()] * len(wanted))
        after.append(found)
        if found.next is None:
            return Played(rounds, requests, requests[good & ~surplus], requests[surplus], after)
        rounds = rounds.model_copy(update={"rounds": (*rounds.rounds, found.ask)})


def _at(share: float) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: draw("model", row["request_id"]) < share


def _mix_is_kept(played: Played, target: int) -> None:
    for _, cell in played.accepted.groupby(["task", "label"]):
        assert len(cell) == target
        for name, shares in _SHARES.items():
            counts = Counter(cell[name])
            assert all(abs(counts[value] - target * share) < 1 for value, share in shares.items()), (name, counts)


@examples(6)
@given(st.integers(1, 14))
def test_with_a_good_model_the_first_round_fills_all_with_the_mix_and_no_surplus(target: int) -> None:
    played = _play(_sampling(target), lambda _: True)
    assert (played.shortfall.rounds, played.shortfall.surplus, played.shortfall.missing) == (1, 0, 0)
    _mix_is_kept(played, target)


@pytest.mark.parametrize(
    ("share", "target", "paid"),
    [(0.4, 7, 3.0), *(pytest.param(share, 13, paid, marks=pytest.mark.slow) for share, paid in _PAID.items())],
)
def test_rows_are_lost_but_not_the_mix(share: float, target: int, paid: float) -> None:
    played = _play(_sampling(target), _at(share))
    assert played.shortfall.missing == 0
    _mix_is_kept(played, target)
    assert len(played.requests) <= paid * 5 * target


def test_a_value_that_never_comes_is_given_up_by_name_and_costs_a_few_rows() -> None:
    played = _play(_sampling(12), lambda row: row["language"] == "English")
    named = {tuple(own.values.values()): (own.accepted, own.wanted, own.rounds) for own in played.shortfall.given_up}
    assert named == {("German",): (0, 30, 2), ("Turkish",): (0, 10, 2)}
    assert set(played.accepted["language"]) == {"English"}
    assert len(played.accepted) == 5 * 4
    assert len(played.requests) <= 5 * 12 + 2 * 40


def test_a_value_lost_in_one_cell_is_given_up_there_and_nowhere_else() -> None:
    played = _play(_sampling(12), lambda row: (row["label"], row["language"]) != ("spam", "German"))
    [given_up] = played.shortfall.given_up
    assert given_up.values == {"task": "Sort mail.", "label": "spam", "language": "German"}
    assert (given_up.accepted, given_up.wanted) == (0, 6)
    assert [cell.cell["label"] for cell in played.shortfall.cells] == ["spam"]


def test_cells_with_proportions_share_the_target() -> None:
    proportions = {"task": "all", "label": "all", "language": {"de": 4, "en": 1}}
    played = _play(_sampling(10, proportions), _at(0.9))
    counts = played.accepted.groupby(["task", "label", "language"]).size()
    assert set(zip(counts.index.get_level_values("language"), counts, strict=True)) == {("German", 8), ("English", 2)}
    assert played.shortfall.asked == 2 * 5


def test_without_labels_in_the_cells_the_mix_of_labels_and_tasks_is_kept_too() -> None:
    played = _play(_sampling(12, "language"), _at(0.9))
    for _, cell in played.accepted.groupby("language"):
        assert Counter(cell["task"]) == {"Sort mail.": 6, "Sort news.": 6}
        assert Counter(cell["label"])["bill"] == 2


def test_the_order_of_tasks_does_not_matter_and_a_higher_target_keeps_every_row() -> None:
    sampling = _sampling(2)
    table, played = task_table(_TASKS), _play(sampling, _at(0.6))
    assert played.shortfall.rounds > 1
    turned = plan_requests(task_table(_TASKS[::-1]), sampling, 42, played.rounds.model_dump(mode="json"))
    pd.testing.assert_frame_equal(played.requests, turned.to_pandas())
    lower, higher = (plan_slots(table, _sampling(target), 42) for target in (5, 8))
    cells = [frame.groupby(["task", "label"], sort=False) for frame in (lower, higher)]
    pd.testing.assert_frame_equal(cells[0].head(5), cells[1].head(5).reset_index(drop=True))
    ids = [_play(_sampling(target), lambda _: True).requests["request_id"] for target in (2, 3)]
    assert set(ids[0]) <= set(ids[1])


def test_attributes_are_left_out_of_the_mix_only_where_their_combinations_are_rare() -> None:
    table = task_table([Task.model_validate({"task": "Sort.", "labels": [f"intent {n}" for n in range(60)]})])
    kept = QuotaSlots(table, _sampling(2), 42).columns
    assert kept == ("task", "label", "language", "tone", "num_words", "difficulty", "clarity")
    rare = QuotaSlots(table, _sampling(2, language="paper"), 42).columns
    assert rare == ("task", "label", "language")


_ONE_OF_EACH = {"language": "English", "difficulty": "PhD", "clarity": "clear", "num_words": "less than 10"}


_FEW_LABELS = {**ROUTING, "labels": [*ROUTING["labels"]][:4], "labels_per_text": [0, 2]}
"""A task whose label sets are drawn in a third of the time."""


@pytest.mark.parametrize(
    ("entry", "share"),
    [(_FEW_LABELS, 0.6), *(pytest.param(ROUTING, share, marks=pytest.mark.slow) for share in (0.6, 1))],
    ids=["few labels", "all labels", "all labels, all others good"],
)
def test_other_sets_fill_the_labels_of_a_set_that_never_comes(entry: dict[str, Any], share: float) -> None:
    sampling = AttributeSamplingParameters.model_validate(
        {**_ONE_OF_EACH, "target_accepted": 5, "per": ["task", "label"]}
    )

    def is_good(row: Mapping[str, Any]) -> bool:
        return not {"Billing", "Shipping"} <= {*row["labels"]} and _at(share)(row)

    played = _play(sampling, is_good, [Task.model_validate(entry)])
    of_labels = Counter(label for labels in played.accepted["labels"] for label in labels)
    assert min(of_labels[label] for label in entry["labels"]) == 5
    assert (played.shortfall.cells, played.shortfall.missing) == ((), 0)
    assert any(after.given_up for after in played.after)
    assert played.surplus.empty  # the lost rows of the set do not raise the number of rows of the others


def test_no_other_sets_stand_in_for_a_value_that_comes_with_none() -> None:
    sampling = AttributeSamplingParameters.model_validate(
        {**_ONE_OF_EACH, "language": {"German": 1, "English": 3}, "target_accepted": 8, "per": "label"}
    )
    played = _play(sampling, lambda row: row["language"] == "English", [Task.model_validate(_FEW_LABELS)])
    assert {"language": "German"} in [own.values for own in played.shortfall.given_up]
    assert (played.requests["language"] == "German").sum() < 20
    assert played.shortfall.rounds == 2


@pytest.mark.parametrize(
    ("number", "target"),
    [
        (474, 1),
        *(
            pytest.param(*own, marks=pytest.mark.slow)
            for own in [(25, 1), (104, 3), (464, 1), *((n, 2) for n in range(9))]
        ),
    ],
)
def test_no_label_stays_short_while_a_set_with_it_is_neither_excluded_nor_given_up(number: int, target: int) -> None:
    task, chance = random_task(number), random.Random(number)
    pairs = [{*pair} for pair in combinations(task.label_names, 2)]
    never = chance.sample(pairs, min(len(pairs), 3))
    sampling = AttributeSamplingParameters.model_validate({**_ONE_OF_EACH, "target_accepted": target, "per": "label"})
    played = _play(sampling, lambda row: not any(pair <= {*row["labels"]} for pair in never), [task])
    planned = {*played.requests["labels"]}
    assert all(task.pair_weights.get(frozenset(pair), 1) for own in planned for pair in combinations(own, 2))
    came = {label for own in played.accepted["labels"] for label in own}
    tries = Counter(label for own in planned for label in own)
    never_came = {label for label, sets in tries.items() if sets > 1} - came
    for label in (cell.cell["label"] for cell in played.shortfall.cells):
        tried = [own for own in planned if label in own]
        assert all(any(pair <= {*own} for pair in never) for own in tried)  # no set with it that comes was ever planned
        others = {*sets_with(task, str(label), max(map(len, tried)), never_came)} - {*tried}
        assert len(tried) > 1 or not others
    lost: set[str] = set()
    for after in played.after:
        lost |= {code for own in after.given_up if (code := own.values.get("labels"))}
        assert not lost & {own.cell["labels"] for own in after.ask}
