"""Macro-F1 of resamples, and fits in one thread."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from synthetic_textcat.text.linear_models import Resampled, held_out, macro_f1, micro_f1

_PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20)


@settings(deadline=None)
@given(_PAIRS, st.randoms(use_true_random=False))
def test_each_resample_is_scored_as_scikit_learn_scores_it(pairs: list[tuple[int, int]], dice: random.Random) -> None:
    from sklearn.metrics import f1_score

    labels, guessed = (np.array(column) for column in zip(*pairs, strict=True))
    drawn = np.array([[dice.randrange(len(pairs)) for _ in pairs] for _ in range(3)])
    expected = [
        f1_score(labels[rows], guessed[rows], labels=np.unique(labels[rows]), average="macro", zero_division=0)
        for rows in drawn
    ]
    resampled = Resampled(labels, guessed)
    assert resampled(drawn) == pytest.approx(expected)
    assert resampled(np.arange(len(pairs))) == pytest.approx(macro_f1(labels, guessed), abs=1e-4)


_SETS = st.lists(st.tuples(*[st.tuples(*[st.booleans()] * 3)] * 2), min_size=1, max_size=15)


@settings(deadline=None)
@given(_SETS, st.randoms(use_true_random=False))
def test_label_sets_are_scored_as_scikit_learn_scores_them(
    pairs: list[tuple[tuple[bool, ...], tuple[bool, ...]]], dice: random.Random
) -> None:
    from sklearn.metrics import f1_score

    labels, guessed = (np.array(column, np.int8) for column in zip(*pairs, strict=True))
    drawn = np.array([[dice.randrange(len(pairs)) for _ in pairs] for _ in range(3)])
    resampled = Resampled(labels, guessed)
    micro = [f1_score(labels[rows], guessed[rows], average="micro", zero_division=0) for rows in drawn]
    assert resampled.micro(drawn) == pytest.approx(micro)
    for rows, found in zip(drawn, resampled(drawn), strict=True):
        known = np.flatnonzero(labels[rows].any(axis=0))
        per_label = f1_score(labels[rows], guessed[rows], average=None, zero_division=0)
        assert found == pytest.approx(per_label[known].mean() if len(known) else 0)
    every = np.arange(len(pairs))
    assert resampled(every) == pytest.approx(macro_f1(labels, guessed), abs=1e-4)
    assert resampled.micro(every) == pytest.approx(micro_f1(labels, guessed), abs=1e-4)


class _ThreadCounter:
    """A model that notes how many threads the numerical libraries may use while it is fitted."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def fit(self, _: Any, labels: Any) -> "_ThreadCounter":
        self.threads += [pool["num_threads"] for pool in threadpool_info()]
        self._kinds = labels.max() + 1
        return self

    def predict_proba(self, features: Any) -> Any:
        return np.full((features.shape[0], self._kinds), 1 / self._kinds)


def test_a_fit_shares_no_sum_among_threads_that_wait_for_one_another() -> None:
    labels = np.arange(20) % 2
    counter = _ThreadCounter()
    with threadpool_limits(2):
        held_out(counter, np.zeros((20, 1)), labels, np.arange(20) % 5)
    assert set(counter.threads) == {1}
