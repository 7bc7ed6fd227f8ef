"""How many rows the next round plans, and when there is none."""

from typing import Any

import pytest

from synthetic_textcat.pipelines.attribute_sampling.rounds import may_go_on, next_round
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import CellRows, Rounds, ShortCell, Shortfall

_CELL = {"language": "German"}
_ROUNDS = Rounds(recipe="r", rounds=((CellRows(cell=_CELL, rows=10),),))
_SAMPLING = AttributeSamplingParameters(target_accepted=10, per=("language",), max_rounds=5)


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
        "run": 40,
        "unanswered": 0,
        "passes": 1,
        "goes_on": True,
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
        (_short(0, 200, target=200, barren=True), 200, 200),  # nothing to go by: as many as at first
    ],
)
def test_a_round_has_the_rows_that_the_cells_yield_says_it_needs(cell: ShortCell, least: int, most: int) -> None:
    assert least <= _rows(cell) <= most


def test_after_a_round_without_a_row_bad_luck_is_made_unlikely_before_a_cell_is_given_up() -> None:
    assert _rows(_short(9, 20)) == 2
    assert 6 <= _rows(_short(9, 20, barren=True)) <= 9  # at a yield of a half all seven fail once in 128 times
    assert _rows(_short(0, 1, target=1, barren=True), run=100, accepted=10) == 20  # but no more than so many


def test_a_cell_that_was_given_up_gets_no_row() -> None:
    assert next_round(_shortfall(_short(0, 20, infeasible=True))) == ()


def test_there_is_another_round_once_the_last_one_has_been_seen_through() -> None:
    short = _short(4, 10)
    assert may_go_on(_ROUNDS, _shortfall(short), _SAMPLING)
    assert may_go_on(_ROUNDS, _shortfall(short, unanswered=2, passes=2), _SAMPLING)  # asked again, and no reply still
    for stale in (
        None,
        _shortfall(short, recipe="other"),
        _shortfall(short, rounds=2),  # more than are planned: of an earlier plan
        _shortfall(short, target_accepted=9),  # judged by another target
        _shortfall(short, unanswered=2),
    ):
        assert not may_go_on(_ROUNDS, stale, _SAMPLING)
    assert not may_go_on(_ROUNDS, _shortfall(short), _SAMPLING.model_copy(update={"max_rounds": 1}))
