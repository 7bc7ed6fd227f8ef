"""Differences of learnability: on the same tasks, on equally many rows, with intervals that mean what they say."""

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.pipelines.compare.differences import Difference
from synthetic_textcat.pipelines.compare.text_differences import MOST_ROWS_IN_ALL, learnability_differences
from tests.pipelines.compare.builders import outcomes
from tests.pipelines.compare.made_runs import compared, topical

_UNPAIRED = 50_000


def _found(before: pd.DataFrame, after: pd.DataFrame, seed: int = 42) -> Difference | None:
    """The one difference of rows with one label a text, if there are rows enough."""
    found = list(learnability_differences(compared(before, after), seed))
    assert [row.measure for row in found] in ([], ["learnability/macro_f1"])
    return found[0] if found else None


@pytest.mark.parametrize("first", [0, _UNPAIRED])
def test_texts_that_say_more_of_their_label_are_found(first: int) -> None:
    found = _found(topical("a", 150, 0.2), topical("b", 150, 0.9, first))
    assert found is not None
    assert found.low is not None
    assert found.low > 0.1


def test_only_tasks_that_both_have_count_and_as_many_rows_of_each() -> None:
    before = pd.concat([topical("a", 80), topical("c", 80, first=1000, task_id="t1")], ignore_index=True)
    after = pd.concat(
        [topical("b", 60, first=_UNPAIRED), topical("d", 80, first=_UNPAIRED + 1000, task_id="t2")], ignore_index=True
    )
    found = _found(before, after)
    assert found is not None
    assert found.basis == "60 rows of each run, of 1 task that both have"
    assert _found(before[before["task_id"] == "t1"], after) is None


def test_of_pairs_those_count_that_both_accepted() -> None:
    before, after = topical("a", 70), topical("b", 70)
    before.loc[:4, "outcome"] = after.loc[5:9, "outcome"] = "failed"
    found = _found(before, after)
    assert found is not None
    assert found.basis == "60 rows of each run, of 1 task that both have"
    assert found == _found(before[10:], after[10:])


def test_equal_runs_differ_in_nothing_and_tasks_weigh_by_their_rows() -> None:
    large, small = topical("a", 150), topical("b", 50, first=1000, task_id="t1")
    found = [_found(rows, rows) for rows in (large, small, pd.concat([large, small], ignore_index=True))]
    assert [row and (row.difference, row.low, row.high) for row in found] == [(0.0, 0.0, 0.0)] * 3
    one, other, both = ((row.baseline if row else None) or 0 for row in found)
    assert both == pytest.approx((3 * one + other) / 4, abs=1e-6)


def test_where_labels_are_invented_the_rows_do_not_pair_up_and_yet_compare() -> None:
    before, after = topical("a", 70), topical("b", 70)
    after.loc[:9, "label"] = [f"seen once {at}" for at in range(10)]
    found = _found(before, after)
    assert found is not None
    assert found.basis == "70 and 60 rows of each run, of 1 task that both have"


def test_too_few_rows_are_not_learnt_from() -> None:
    assert _found(topical("a", 40), topical("b", 40)) is None
    assert _found(topical("a", 0), topical("b", 0)) is None


def test_no_more_rows_are_learnt_from_than_it_takes() -> None:
    tasks, texts = 5, [{"input_text": label, "label": label} for label in ("one", "two")]
    rows = outcomes({**texts[at % 2], "task_id": f"t{at % tasks}"} for at in range(MOST_ROWS_IN_ALL + 50))
    found = _found(rows, rows)
    assert found is not None
    assert found.basis == f"{MOST_ROWS_IN_ALL:,} rows of each run, of {tasks} tasks that both have"


@pytest.mark.slow
def test_equal_samples_rarely_differ() -> None:
    intervals = _calibration(runs=16, share=0.5, rows=60)
    assert (np.sign(intervals["low"]) * np.sign(intervals["high"]) > 0).sum() <= 2


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, _UNPAIRED])
@pytest.mark.parametrize("share", [0.5, 0.65])
def test_intervals_cover_a_known_difference_as_often_as_they_say(share: float, first: int) -> None:
    intervals = _calibration(runs=80, share=share, rows=150, first=first)
    truth = intervals["difference"].mean() if share > 0.5 else 0.0
    assert ((intervals["low"] <= truth) & (truth <= intervals["high"])).mean() >= 0.92


def _calibration(runs: int, share: float, rows: int, first: int = 0) -> pd.DataFrame:
    """Of many pairs of runs: difference, low, high."""
    found = [
        _found(topical(f"before {at}", rows), topical(f"after {at}", rows, share, first), at) for at in range(runs)
    ]
    return pd.DataFrame([row for row in found if row])[["difference", "low", "high"]].astype("float64")
