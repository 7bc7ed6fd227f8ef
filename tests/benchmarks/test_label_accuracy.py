"""The interval of label accuracy covers the truth as often as it says, and is narrower than without a judge."""

from statistics import mean

import pytest

from benchmarks.scenarios.label_accuracy import CELLS, GOOD_JUDGE, LEAST, MEAN_LEAST, MEAN_MOST, Cell, Found, simulate

_SOME = [cell for cell in CELLS if cell.accuracy == 0.97 and cell.asymmetric and cell.labels == 3]
"""The hardest: few rows are wrong, and the judge meets the same mistakes."""


def _assert_covers(found: dict[Cell, Found]) -> None:
    coverages = {cell: 100 * each.coverage for cell, each in found.items()}
    assert {cell: coverage for cell, coverage in coverages.items() if coverage < LEAST} == {}
    assert MEAN_LEAST <= mean(coverages.values()) <= MEAN_MOST


def test_it_covers_in_the_hardest_cells() -> None:
    found = {cell: simulate(cell, 1_000) for cell in _SOME}

    _assert_covers(found)
    assert all(each.width < each.classical_width for cell, each in found.items() if cell.judge > GOOD_JUDGE)


@pytest.mark.slow
@pytest.mark.parametrize("judged_first", [True, False])
def test_it_covers_in_all_cells(judged_first: bool) -> None:
    found = {cell: simulate(cell, 1_000, judged_first=judged_first) for cell in CELLS}

    _assert_covers(found)
    good = [each for cell, each in found.items() if cell.judge >= GOOD_JUDGE]
    assert mean(each.width / each.classical_width for each in good) < 1
