"""Differences between runs and their intervals."""

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.pipelines.compare.differences import MEASURES, Difference, difference_in, differences
from synthetic_textcat.pipelines.compare.pairing import pair
from tests.pipelines.compare.builders import leaked, outcomes


def _of(measure: str, baseline: pd.DataFrame, candidate: pd.DataFrame) -> Difference:
    (of_rows,) = (each for each in MEASURES if each.name == measure)
    return difference_in(of_rows, pair(baseline, candidate), seed=42)


def test_equal_runs_differ_in_nothing() -> None:
    rows = outcomes([{}, leaked()] * 50)
    for found in differences(pair(rows, rows), seed=42):
        assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0), found
    assert _of("yield", rows, rows).p_value == 1.0


def test_a_difference_that_is_there_is_found_with_its_size_and_an_interval_that_leaves_out_zero() -> None:
    before = outcomes([leaked()] * 60 + [{}] * 140)
    after = outcomes([leaked()] * 20 + [{}] * 180)
    found = _of("yield", before, after)
    assert (found.baseline, found.candidate) == (0.7, 0.9)
    assert found.difference == pytest.approx(0.2)
    assert found.low is not None
    assert found.high is not None
    assert 0.1 < found.low < 0.2 < found.high < 0.3
    assert found.p_value is not None
    assert found.p_value < 1e-6
    assert _of("rejected/label_leaked", before, after).difference == pytest.approx(-0.2)


def test_pairs_make_the_interval_narrower() -> None:
    generator = np.random.default_rng(0)
    hard = generator.random(400) < 0.5
    before = outcomes([leaked() if is_hard else {} for is_hard in hard])
    after = outcomes([leaked() if is_hard and number % 10 else {} for number, is_hard in enumerate(hard)])
    paired = _of("yield", before, after)
    shifted = outcomes([leaked() if is_hard and number % 10 else {} for number, is_hard in enumerate(hard)], first=5000)
    unpaired = _of("yield", before, shifted)
    assert paired.difference == pytest.approx(unpaired.difference)
    assert _width(paired) < _width(unpaired) / 1.5
    assert unpaired.p_value is None


def _width(found: Difference) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def test_cost_and_tokens_are_told_a_row_that_was_accepted_and_count_the_lost_ones_too() -> None:
    before, after = outcomes([{}, leaked()] * 20), outcomes([{"tokens": 50, "cost": 0.0005}] * 40)
    assert _of("tokens/per_accepted", before, after)[2:4] == (200.0, 50.0)
    assert _of("cost/usd_per_accepted", before, after)[2:4] == (0.002, 0.0005)


def test_what_is_not_known_has_no_interval() -> None:
    unknown = outcomes([{"cost": None}] * 4)
    found = _of("cost/usd_per_accepted", unknown, outcomes([{}] * 4))
    assert (found.baseline, found.difference, found.low) == (None, None, None)
    nothing = _of("tokens/per_accepted", outcomes([leaked()] * 4), outcomes([{}] * 4))
    assert nothing.baseline is None


def test_agreement_counts_rows_that_can_be_told_only() -> None:
    rows = outcomes([{"language_verdict": verdict} for verdict in ("agrees", "wrong", "not verifiable", None)])
    assert _of("language/agreement", rows, rows).baseline == 0.5


def test_a_cause_that_neither_run_has_is_not_told() -> None:
    rows = outcomes([{}, leaked()])
    told = {found.measure for found in differences(pair(rows, rows), seed=42)}
    assert "rejected/label_leaked" in told
    assert not told & {"rejected/near_duplicate", "failed/timeout"}


def test_the_numbers_are_the_same_each_time() -> None:
    before, after = outcomes([{}, leaked()] * 30), outcomes([{}, {}, leaked()] * 20)
    assert differences(pair(before, after), seed=42) == differences(pair(before, after), seed=42)
