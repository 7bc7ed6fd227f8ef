"""Batches without a label twice, as far as that goes."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.export.batches import distinct_order

_LABELS = st.lists(st.sampled_from("abcdefgh"), max_size=60)


def _batches(labels: list[str], size: int) -> list[list[str]]:
    ordered = [labels[place] for place in distinct_order(labels, size)]
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


@given(labels=_LABELS, size=st.integers(2, 12))
def test_every_row_comes_once_and_those_of_a_label_in_their_order(labels: list[str], size: int) -> None:
    order = distinct_order(labels, size)
    assert sorted(order) == list(range(len(labels)))
    for label in set(labels):
        own = [place for place in order if labels[place] == label]
        assert own == sorted(own)


@given(labels=_LABELS, size=st.integers(2, 12))
def test_no_batch_repeats_a_label_where_that_can_be(labels: list[str], size: int) -> None:
    labels = labels[: len(labels) // size * size]
    if all(count <= len(labels) // size for count in Counter(labels).values()):
        assert all(len(set(batch)) == size for batch in _batches(labels, size))


def test_a_label_comes_twice_only_where_too_few_are_left() -> None:
    assert _batches(list("aaaabbc"), 4) == [["a", "b", "c", "a"], ["a", "b", "a"]]


@pytest.mark.parametrize("size", [2, 64])
def test_one_label_alone_is_no_reason_to_lose_rows(size: int) -> None:
    assert distinct_order(["a"] * 5, size) == [0, 1, 2, 3, 4]
