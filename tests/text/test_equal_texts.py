"""The first of equal texts, by their hashes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.text.equal_texts import first_of_equal, hashes_of


def _by_dict(texts: list[str]) -> list[int]:
    first: dict[str, int] = {}
    return [first.setdefault(text, place) for place, text in enumerate(texts)]


@given(st.lists(st.text("abä\ud800 ", max_size=3), max_size=30))
def test_each_text_gets_the_place_of_the_first_that_equals_it(texts: list[str]) -> None:
    assert first_of_equal(hashes_of(texts)).tolist() == _by_dict(texts)


def test_equal_texts_far_apart_are_found() -> None:
    texts = [f"text {number % 20_500}" for number in range(45_000)]
    assert first_of_equal(hashes_of(texts)).tolist() == _by_dict(texts)


def test_texts_that_share_half_of_their_hash_are_not_equal() -> None:
    hashes = np.array([[1, 2], [1, 3], [1, 2], [4, 2], [1, 3]], np.uint64)
    assert first_of_equal(hashes).tolist() == [0, 1, 0, 3, 1]
