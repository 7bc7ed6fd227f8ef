"""The one-word rule for labels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from synthetic_textcat.pipelines.quality_report.signals.label_classifiers import fit_rules, predictions
from synthetic_textcat.text.label_samples import FOLDS
from tests.support.examples import examples

_LABELS = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
_EVERYWHERE, _MOSTLY, _ALWAYS = np.ones(10), np.r_[np.ones(4), np.zeros(6)], np.r_[np.zeros(5), np.ones(5)]
_PRESENT = csr_matrix(np.column_stack([_EVERYWHERE, _MOSTLY, _ALWAYS]))


def test_a_word_is_telling_by_how_much_more_often_it_is_in_the_labels_rows() -> None:
    rules = fit_rules(_PRESENT, _LABELS, 2)
    assert rules.words.tolist() == [1, 2]
    assert rules.telling.tolist() == [0.8, 1.0]


def test_rows_without_any_word_get_the_label_that_is_most_frequent_among_such_rows() -> None:
    folds = np.arange(10) % FOLDS
    assert predictions(_PRESENT, _LABELS, 2, folds).tolist()[:4] == [0] * 4
    assert predictions(_PRESENT, _LABELS, 2, folds).tolist()[5:] == [1] * 5
    nothing = csr_matrix(np.zeros((10, 3)))
    assert set(predictions(nothing, np.r_[_LABELS[:9], 0], 2, folds).tolist()) == {0}


@examples(50)
@given(
    st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=20, max_size=20),
    st.permutations([0, 1, 1, 0]),
)
def test_what_a_row_is_guessed_to_be_does_not_depend_on_its_own_label(rows: list[list[int]], other: list[int]) -> None:
    present, folds, labels = csr_matrix(np.array(rows)), np.arange(20) % FOLDS, np.arange(20) // 2 % 2
    held_out = folds == 0
    changed = labels.copy()
    changed[held_out] = other
    assert (predictions(present, labels, 2, folds)[held_out] == predictions(present, changed, 2, folds)[held_out]).all()
