"""How many rows the next round plans, and which rounds hold on."""

from typing import Any

from synthetic_textcat.pipelines.attribute_sampling.quota_plan import is_judged, kept_of
from synthetic_textcat.schemas.quota import CellRows, Rounds, Shortfall, rows_for
from tests.support.each_case import each_of

_ROUNDS = Rounds(recipe="r", rounds=((CellRows(cell={"language": "German"}, rows=10),),))


def _shortfall(**changes: Any) -> Shortfall:
    usual: dict[str, Any] = {
        "recipe": "r",
        "rounds": 1,
        "target_accepted": 10,
        "wanted": 40,
        "asked": 4,
        "accepted": 30,
        "surplus": 0,
        "answered": 40,
        "next": "round",
    }
    return Shortfall(**{**usual, **changes})


@each_of(
    ("missing", "accepted_share", "rows"),
    [
        (10, 1.0, 10),
        (1, 0.9, 1),
        (1, 0.5, 1),  # two would be one too many in a quarter of the cases
        (1, 0.1, 5),
        (100, 0.5, 193),
        (50, 0.02, 500),  # no more than ten for one
    ],
)
def test_a_round_has_a_few_rows_less_than_the_yield_says(missing: int, accepted_share: float, rows: int) -> None:
    assert rows_for(missing, accepted_share) == rows


def test_a_shortfall_counts_for_the_rounds_model_prompts_and_target_that_it_was_found_with() -> None:
    rounds = _ROUNDS.model_copy(update={"asked_with": "m", "target": 10})
    assert is_judged(rounds, _shortfall(asked_with="m"))
    for other in ({"recipe": "x"}, {"rounds": 2}, {"target_accepted": 9}, {"asked_with": "another"}):
        assert not is_judged(rounds, _shortfall(**{"asked_with": "m", **other}))
    assert not is_judged(rounds, None)


def test_rounds_hold_on_as_far_as_what_they_were_planned_by_does() -> None:
    two = Rounds(recipe="r", asked_with="m", target=10, rounds=_ROUNDS.rounds * 2)
    assert kept_of(two, "r", "m", 10) == kept_of(two, "r", "m", 99) == two.rounds
    assert kept_of(two, "r", "another model", 10) == two.rounds[:1]
    assert kept_of(two, "r", "m", 9) == kept_of(two, "another", "m", 10) == kept_of(None, "r", "m", 10) == ()


def test_a_shortfall_of_an_earlier_version_counts_for_nothing() -> None:
    assert Shortfall.read({"recipe": "r", "rounds": 1, "cells": [{"missing": 3}]}) is None
