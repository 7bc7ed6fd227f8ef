"""Macro-F1 of resamples."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from synthetic_textcat.text.linear_models import Resampled, macro_f1

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
    resampled = Resampled(labels, guessed)
    assert resampled(drawn) == pytest.approx(expected)
    assert resampled(np.arange(len(pairs))) == pytest.approx(macro_f1(labels, guessed), abs=1e-4)
