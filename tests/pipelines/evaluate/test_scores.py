"""Macro-F1 and its interval."""

import numpy as np
import pytest

from synthetic_textcat.pipelines.evaluate.scores import mean_of, score
from synthetic_textcat.text.linear import macro_f1


def test_the_interval_is_of_the_rows_luck_and_the_same_each_time() -> None:
    labels = np.arange(400) % 4
    guessed = np.where(np.arange(400) % 5 == 0, 0, labels)
    few, many = score(labels[:40], guessed[:40], 42), score(labels, guessed, 42)
    for found in (few, many):
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.macro_f1 <= found.high
    assert (many.high or 0) - (many.low or 0) < (few.high or 0) - (few.low or 0)
    again = score(labels, guessed, 42)
    assert (again.low, again.high) == (many.low, many.high)
    assert score(labels, labels, 42)[1:2] == (1.0,)


def test_of_a_single_row_no_interval_is_known() -> None:
    found = score(np.array([1]), np.array([1]), 42)
    assert (found.macro_f1, found.low, found.high) == (1.0, None, None)


def test_the_mean_weighs_tasks_by_their_rows() -> None:
    right, wrong = np.arange(30) % 2, np.zeros(10, np.int64)
    found = mean_of([score(right, right, 1), score(wrong, wrong + 1, 1)])
    assert found is not None
    assert (found.rows, found.macro_f1, found.low) == (40, 0.75, 0.75)
    assert mean_of([]) is None


def test_labels_that_no_row_has_are_not_in_the_mean() -> None:
    assert macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])) == pytest.approx((1 + 2 / 3) / 2, abs=1e-4)
