"""Which rows are judged: an even share of each task, the same for any plan that holds them."""

from itertools import pairwise

import pytest

from synthetic_textcat.pipelines.label_check.sampling import BLOCK, is_judged
from tests.support.each_case import each_of

_ROWS = [(task, replicate) for task in ("a", "b", "c") for replicate in range(200)]


def _sample(share: float, rows: list[tuple[str, int]] | None = None, seed: int = 42) -> set[tuple[str, int]]:
    rows = _ROWS if rows is None else rows
    return {row for row, judged in zip(rows, is_judged(rows, share, seed), strict=True) if judged}


@each_of("share", [0.01, 0.1, 0.35, 0.5, 0.99])
def test_each_block_of_a_task_has_its_share_to_within_a_row(share: float) -> None:
    sample = _sample(share)
    for task in ("a", "b", "c"):
        for block in range(200 // BLOCK):
            chosen = sum((task, block * BLOCK + place) in sample for place in range(BLOCK))
            assert abs(chosen - share * BLOCK) < 1


def test_all_and_none() -> None:
    assert _sample(0.0) == set()
    assert _sample(1.0) == set(_ROWS)


def test_rows_have_equal_chances() -> None:
    rows = [("a", replicate) for replicate in range(20_000)]
    sample = _sample(0.13, rows)
    assert len(sample) / len(rows) == pytest.approx(0.13, abs=0.005)
    by_place = [
        sum((place + BLOCK * block) in {row for _, row in sample} for block in range(0, 1000, 10)) for place in (0, 19)
    ]
    assert all(3 <= hits <= 27 for hits in by_place)


def test_a_smaller_share_is_part_of_a_larger_one_and_other_rows_change_nothing() -> None:
    samples = [_sample(share) for share in (0.05, 0.2, 0.21, 0.6, 0.95)]
    assert all(smaller <= larger for smaller, larger in pairwise(samples))
    fewer = [row for row in _ROWS if row[1] % 3]
    assert _sample(0.3, fewer) == _sample(0.3) & set(fewer)
    assert _sample(0.3, seed=1) != _sample(0.3)
