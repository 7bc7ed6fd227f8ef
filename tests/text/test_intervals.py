"""The interval of a share is that of scipy, for few rows and many."""

import pytest
from scipy.stats import binomtest

from synthetic_textcat.text.intervals import CONFIDENCE, wilson_interval


@pytest.mark.parametrize(("hits", "rows"), [(0, 1), (1, 1), (1, 8), (5, 20), (0, 500), (119, 1_000), (99_999, 100_000)])
def test_it_is_wilsons(hits: int, rows: int) -> None:
    expected = binomtest(hits, rows).proportion_ci(CONFIDENCE, method="wilson")
    assert wilson_interval(hits / rows, rows) == pytest.approx((expected.low, expected.high), abs=1e-12)
