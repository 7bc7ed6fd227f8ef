"""Differences of diversity: of the right sign, at equal number and length, with intervals that mean what they say."""

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.hashing import shuffled
from synthetic_textcat.pipelines.compare.differences import Difference
from synthetic_textcat.pipelines.compare.text_differences import diversity_differences
from synthetic_textcat.text.diversity import MEASURES
from tests.pipelines.compare.builders import leaked, outcomes
from tests.pipelines.compare.made_runs import compared, repeating

_UNPAIRED = 50_000


def _found(before: pd.DataFrame, after: pd.DataFrame) -> list[Difference]:
    return list(diversity_differences(compared(before, after)))


def test_equal_runs_differ_in_nothing() -> None:
    rows = repeating("a", 60)
    found = _found(rows, rows)
    assert {row.measure for row in found} == {f"diversity/{name}" for name in MEASURES} - {"diversity/self_bleu"}
    for row in found:
        assert (row.difference, row.low, row.high) == (0.0, 0.0, 0.0), row


@pytest.mark.parametrize("first", [0, _UNPAIRED])
def test_a_run_that_repeats_itself_more_is_found_in_each_measure(first: int) -> None:
    for row in _found(repeating("a", 70, 0.1), repeating("b", 70, 0.9, first)):
        name = row.measure.removeprefix("diversity/")
        assert row.low is not None
        assert row.high is not None
        assert (row.low > 0) if MEASURES[name].better == "lower" else (row.high < 0), row
        assert row.difference == pytest.approx((row.candidate or 0) - (row.baseline or 0), abs=2e-6)


def test_pairs_that_both_accepted_and_that_are_long_enough_are_measured() -> None:
    before, after = repeating("a", 80), repeating("b", 80)
    after.loc[:4, "outcome"] = "rejected"
    before.loc[70:, "input_text"] = "too short"
    found = _found(before, after)
    assert {row.basis for row in found} == {"65 pairs of texts, cut to 10 words"}
    same = _found(before[5:70], after[5:70])
    assert found == same


def test_of_other_plans_as_many_rows_of_each_are_measured_and_another_mix_of_languages_is_reported() -> None:
    before, after = repeating("a", 60), repeating("b", 90, first=_UNPAIRED)
    assert {row.basis for row in _found(before, after)} == {"60 texts of each run, cut to 10 words"}
    mixed = _found(before, after.assign(language="German"))
    assert {row.basis for row in mixed} == {"60 texts of each run, cut to 10 words; in another mix of languages"}


def test_the_order_of_the_rows_does_not_matter() -> None:
    before, after = repeating("a", 60), repeating("b", 60)
    assert _found(before, after) == _found(before.iloc[shuffled(range(60), "moved")], after)


def test_what_neither_sample_has_is_not_known_to_be_equal() -> None:
    found = {row.measure: row for row in _found(repeating("a", 60, 0.0), repeating("b", 60, 0.0))}
    repetition = found["diversity/self_repetition"]
    assert (repetition.difference, repetition.low, repetition.high) == (0.0, None, None)
    assert found["diversity/vendi"].low is not None


def test_few_rows_have_no_interval_and_none_no_measure() -> None:
    few = _found(repeating("a", 49), repeating("b", 49))
    assert {(row.low, row.high) for row in few} == {(None, None)}
    assert all(row.difference is not None for row in few)
    for none in (outcomes([leaked()] * 60), outcomes([{"input_text": "short"}] * 60), outcomes([])):
        assert _found(none, repeating("b", 60)) == []


@pytest.mark.slow
def test_equal_samples_rarely_differ() -> None:
    intervals = _calibration(runs=24, share=0.2, rows=60)
    assert intervals.drop(columns="difference").groupby(level=0)["leaves_out_zero"].sum().max() <= 3


@pytest.mark.slow
@pytest.mark.parametrize(("share", "first"), [(0.3, 0), (0.2, _UNPAIRED)])
def test_intervals_cover_a_known_difference_as_often_as_they_say(share: float, first: int) -> None:
    intervals = _calibration(runs=300, share=share, rows=100, first=first)  # fewer have too large a sampling error
    truth = intervals.groupby(level=0)["difference"].transform("mean")
    covered = ((intervals["low"] <= truth) & (truth <= intervals["high"])).groupby(level=0).mean()
    assert covered.between(0.92, 0.99).all(), covered


def _calibration(runs: int, share: float, rows: int, first: int = 0) -> pd.DataFrame:
    """Of many pairs of runs, a row for each measure: difference, low, high, leaves_out_zero."""
    found = [
        row
        for at in range(runs)
        for row in _found(repeating(f"before {at}", rows, 0.2), repeating(f"after {at}", rows, share, first))
    ]
    table = pd.DataFrame(found).set_index("measure")[["difference", "low", "high"]].astype("float64")
    return table.assign(leaves_out_zero=np.sign(table["low"]) * np.sign(table["high"]) > 0)
