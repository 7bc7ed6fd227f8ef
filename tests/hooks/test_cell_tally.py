"""How far a quota is while rows come in."""

from collections.abc import Collection

import pandas as pd

from synthetic_textcat.hooks.cell_tally import CellTally, cell_tally
from synthetic_textcat.hooks.tally import Tally
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.quota import CellRows, Rounds, ShortCell, Shortfall
from tests.llm.builders import BAD, completion
from tests.pipelines.quality_report.builders import PRICES

_GOOD = '{"input_text": "They forgot the sauce.", "label": "bad", "misleading_label": "good"}'
_SAMPLING = AttributeSamplingParameters(target_accepted=2, per=("language",))
_CELLS = [{"language": "German"}, {"language": "English"}]
_ROUNDS = Rounds(recipe="r", target=2, rounds=(tuple(CellRows(cell=cell, rows=2) for cell in _CELLS),))
_REQUESTS = pd.DataFrame({"request_id": ["r0", "r1", "r2"], "language": ["German", "English", "English"]})


def _tally(before: Shortfall | None = None, still_open: Collection[int] = range(3)) -> CellTally:
    found = cell_tally(_REQUESTS, _ROUNDS, before, _SAMPLING, still_open)
    assert found is not None
    return found


def test_the_line_says_cells_and_missing_rows_in_place_of_good_ones() -> None:
    tally = Tally(asked=3, max_attempts=1, cells=_tally())
    tally.add([completion(_GOOD, request_id="r1"), completion(BAD, request_id="r0")], PriceList.read(PRICES))
    assert tally.line(2.0).startswith("2/3 rows, 0/2 cells, 3 missing, 1.0/s")
    tally.add([completion(_GOOD, request_id="r2")], PriceList.read(PRICES))
    assert "1/2 cells, 2 missing" in tally.line(2.0)


def test_rows_beyond_the_target_fill_nothing() -> None:
    tally = _tally()
    for _ in range(5):
        tally.add("r0")
    assert (tally.full, tally.missing) == (1, 2)


def test_it_begins_where_the_pass_before_ended() -> None:
    short = ShortCell(cell={"language": "English"}, accepted=1, missing=1, planned=2, causes={})
    counts = {"asked": 2, "accepted": 3, "surplus": 0, "answered": 4}
    before = Shortfall(recipe="r", rounds=1, target_accepted=2, cells=(short,), **counts)
    assert (_tally(before).full, _tally(before).missing) == (1, 1)
    of_another_plan = before.model_copy(update={"recipe": "other"})
    assert _tally(of_another_plan).missing == 4


def test_rows_that_the_journal_has_already_count_before_they_are_judged() -> None:
    assert (_tally(still_open=[2]).full, _tally(still_open=[2]).missing) == (0, 2)


def test_without_a_quota_there_is_no_such_count() -> None:
    assert cell_tally(_REQUESTS, None, None, AttributeSamplingParameters(), []) is None
