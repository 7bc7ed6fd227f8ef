"""Multi-hot matrices of label sets, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.text.multi_hot import multi_hot, sets_of

_NAMES = ("b", "a", "NA", "")
_SETS = st.lists(st.sets(st.sampled_from(_NAMES)).map(lambda own: tuple(name for name in _NAMES if name in own)))


@given(_SETS)
def test_sets_come_back_in_the_order_of_the_names(sets: list[tuple[str, ...]]) -> None:
    matrix = multi_hot(sets, _NAMES)
    assert matrix.shape == (len(sets), len(_NAMES))
    assert [tuple(np.array(_NAMES)[row.astype(bool)]) for row in matrix] == sets
    assert sets_of(matrix, _NAMES) == sets


def test_a_label_that_is_not_among_the_names_is_named() -> None:
    with pytest.raises(KeyError, match="c"):
        multi_hot([("a",), ("c",)], _NAMES)
