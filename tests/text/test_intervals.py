"""The interval of a share is that of scipy, for few rows and many."""

import numpy as np
import pytest

from synthetic_textcat.text.intervals import CONFIDENCE, jeffreys_interval, wilson_interval
from tests.support.each_case import each_of


@each_of(("hits", "rows"), [(0, 1), (1, 1), (1, 8), (5, 20), (0, 500), (119, 1_000), (99_999, 100_000)])
def test_it_is_wilsons(hits: int, rows: int) -> None:
    from scipy.stats import binomtest

    expected = binomtest(hits, rows).proportion_ci(CONFIDENCE, method="wilson")
    assert wilson_interval(hits / rows, rows) == pytest.approx((expected.low, expected.high), abs=1e-12)


@each_of(("hits", "rows"), [(1, 8), (5, 20), (7, 8), (119, 1_000)])
def test_it_is_jeffreys(hits: int, rows: int) -> None:
    from scipy.stats import beta

    low, high = jeffreys_interval(hits / rows, rows)

    assert (low, high) == pytest.approx(beta(hits + 0.5, rows - hits + 0.5).interval(CONFIDENCE))


@pytest.mark.parametrize(("share", "rows", "ends"), [(0.5, 0, (0, 1)), (0.3, np.inf, (0.3, 0.3))])
def test_no_rows_say_nothing_and_infinitely_many_all(share: float, rows: float, ends: tuple[float, float]) -> None:
    assert [*map(float, jeffreys_interval(share, rows))] == [*ends]


def test_an_interval_of_no_hit_begins_at_0_and_one_of_all_hits_ends_at_1() -> None:
    low, high = jeffreys_interval([0.0, 1.0], 10)

    assert (low[0], high[1]) == (0.0, 1.0)
    assert high[0] == pytest.approx(1 - low[1])
    assert 0.1 < high[0] < 0.3
