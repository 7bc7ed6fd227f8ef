"""How many rows the next round plans, and when there is none."""

from typing import Any

import pytest

from synthetic_textcat.pipelines.attribute_sampling.quota_plan import is_judged, kept_of, next_round
from synthetic_textcat.schemas.quota import CellRows, Rounds, ShortCell, Shortfall

_CELL = {"language": "German"}
_ROUNDS = Rounds(recipe="r", rounds=((CellRows(cell=_CELL, rows=10),),))


def _short(accepted: int, planned: int, target: int = 10, **others: Any) -> ShortCell:
    return ShortCell(cell=_CELL, accepted=accepted, missing=target - accepted, planned=planned, causes={}, **others)


def _shortfall(*cells: ShortCell, **changes: Any) -> Shortfall:
    usual: dict[str, Any] = {
        "recipe": "r",
        "rounds": 1,
        "target_accepted": 10,
        "asked": 4,
        "accepted": 30,
        "surplus": 0,
        "answered": 40,
        "next": "round",
    }
    return Shortfall(cells=cells, **{**usual, **changes})


def _rows(cell: ShortCell, **changes: Any) -> int:
    return next_round(_shortfall(cell, **changes))[0].rows


@pytest.mark.parametrize(
    ("cell", "least", "most"),
    [
        (_short(100, 200, target=200), 198, 202),  # at a yield of a half
        (_short(150, 1000, target=200), 310, 335),
        (_short(9, 10), 1, 2),
        (_short(1, 10, target=10), 25, 32),  # one of ten is little to go by: the others' yield counts as well
        (_short(1, 500, target=200), 1990, 1990),  # no more than ten for one
        (_short(0, 200, target=200, unproductive=True), 20, 20),  # a last try, as large as makes bad luck unlikely
        (_short(5, 10, pending=3), 2, 4),  # three may still come
    ],
)
def test_a_round_has_the_rows_that_the_cells_yield_says_it_needs(cell: ShortCell, least: int, most: int) -> None:
    assert least <= _rows(cell) <= most


def test_after_a_round_without_a_row_bad_luck_is_made_unlikely_before_a_cell_is_given_up() -> None:
    assert _rows(_short(9, 20)) == 2
    assert 6 <= _rows(_short(9, 20, unproductive=True)) <= 9  # at a yield of a half all seven fail once in 128 times
    assert _rows(_short(0, 1, target=1, unproductive=True), answered=100, accepted=10) == 20  # but no more than so many


def test_a_cell_that_was_given_up_gets_no_row() -> None:
    assert next_round(_shortfall(_short(0, 20, infeasible=True))) == ()


def test_a_cell_that_only_waits_for_replies_gets_no_row() -> None:
    assert next_round(_shortfall(_short(5, 10, pending=5))) == ()


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
