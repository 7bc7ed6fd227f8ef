"""Batches without a label twice, and without two triplets of one text, as far as that goes."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.export.distinct_batches import distinct_order
from tests.support.examples import examples

_LABELS = st.lists(st.sampled_from("abcdefgh"), max_size=60)
_SETS = st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=40)


def _order(labels: list[str], size: int, texts: list[int] | None = None) -> list[int]:
    codes = pd.factorize(np.array(labels, dtype=object))[0]
    order: list[int] = distinct_order(codes, size, None if texts is None else np.array(texts, np.int64)).tolist()
    return order


def _batches(labels: list[str], size: int) -> list[list[str]]:
    ordered = [labels[place] for place in _order(labels, size)]
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


@given(labels=_LABELS, size=st.integers(2, 12))
def test_every_row_comes_once_and_those_of_a_label_in_their_order(labels: list[str], size: int) -> None:
    order = _order(labels, size)
    assert sorted(order) == list(range(len(labels)))
    for label in set(labels):
        own = [place for place in order if labels[place] == label]
        assert own == sorted(own)
    assert order == _order(labels, size, list(range(len(labels))))


@given(labels=_LABELS, size=st.integers(2, 12))
def test_no_batch_repeats_a_label_where_that_can_be(labels: list[str], size: int) -> None:
    labels = labels[: len(labels) // size * size]
    if all(count <= len(labels) // size for count in Counter(labels).values()):
        assert all(len(set(batch)) == size for batch in _batches(labels, size))


def test_a_label_comes_twice_only_where_too_few_are_left() -> None:
    assert _batches(list("aaaabbc"), 4) == [["a", "b", "c", "a"], ["a", "b", "a"]]


@pytest.mark.parametrize("size", [2, 64])
def test_one_label_alone_is_no_reason_to_lose_rows(size: int) -> None:
    assert _order(["a"] * 5, size) == [0, 1, 2, 3, 4]


@examples(60)
@given(sets=_SETS, size=st.integers(2, 6))
def test_a_batch_has_a_text_twice_only_when_no_other_text_is_left(sets: list[set[str]], size: int) -> None:
    rows = [(text, label) for text, labels in enumerate(sets) for label in sorted(labels)]
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    order = _order(labels, size, texts)
    assert sorted(order) == list(range(len(rows)))
    for place in range(len(order)):
        batch = {texts[row] for row in order[place // size * size : place]}
        if texts[order[place]] in batch:
            assert {texts[row] for row in order[place:]} <= batch


def test_the_triplets_of_one_text_are_in_different_batches() -> None:
    texts = [number // 2 for number in range(12)]
    order = _order(["a", "b"] * 6, 2, texts)
    assert all(len({texts[row] for row in order[start : start + 2]}) == 2 for start in range(0, 12, 2))
