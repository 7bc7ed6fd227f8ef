"""What a quota takes at a yield."""

import pytest

from synthetic_textcat.pipelines.quote.refilling import rows_of_quota


@pytest.mark.parametrize(("cells", "target", "share"), [(78, 4, 0.5), (10, 200, 0.6), (1, 50, 0.25)])
def test_it_takes_more_rows_than_the_yield_alone_says_and_the_more_the_smaller_the_cells(
    cells: int, target: int, share: float
) -> None:
    least = cells * target / share
    most = least * (1.4 if target < 10 else 1.2)
    assert least < rows_of_quota(cells, target, share) < most


def test_at_a_yield_of_one_the_first_round_is_all() -> None:
    assert rows_of_quota(7, 5, 1.0) == 35


def test_it_is_the_same_each_time_and_grows_with_the_cells() -> None:
    assert (
        rows_of_quota(40, 6, 0.7) == rows_of_quota(40, 6, 0.7) == pytest.approx(40 * rows_of_quota(1, 6, 0.7), rel=0.05)
    )
