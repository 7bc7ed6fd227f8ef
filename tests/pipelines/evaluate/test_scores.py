"""Macro-F1 and its interval."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from synthetic_textcat.learners.linear import macro_f1
from synthetic_textcat.pipelines.evaluate.scores import _Resampled, mean_of, score

_PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20)


@settings(deadline=None)
@given(_PAIRS, st.randoms(use_true_random=False))
def test_each_resample_is_scored_as_scikit_learn_scores_it(pairs: list[tuple[int, int]], dice: random.Random) -> None:
    labels, guessed = (np.array(column) for column in zip(*pairs, strict=True))
    drawn = np.array([[dice.randrange(len(pairs)) for _ in pairs] for _ in range(3)])
    expected = [
        f1_score(labels[rows], guessed[rows], labels=np.unique(labels[rows]), average="macro", zero_division=0)
        for rows in drawn
    ]
    resampled = _Resampled(labels, guessed)
    assert resampled(drawn) == pytest.approx(expected)
    assert resampled(np.arange(len(pairs))) == pytest.approx(macro_f1(labels, guessed), abs=1e-4)


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
