"""Sequences that keep to their shares at every length, whatever the shares, and favour no value at the start."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hashing import key64
from synthetic_textcat.pipelines.attribute_sampling.apportionment import Apportionment, Balanced
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, independent, streams_of
from synthetic_textcat.schemas.attributes import shares_of, weights_of
from tests.support.each_case import each_of
from tests.support.examples import cases, examples

_PLAIN = st.sampled_from([1.0, 1.0, 2.0, 3.0, 5.0, 7.5, 12.0, 0.431, 0.029, 0.0022857])
_EXTREME = st.sampled_from([1e-6, 1e9, 1.0, 3.3, 1e3])
_ANY = st.floats(1e-6, 1e9)
_WEIGHTS = st.one_of(*(st.lists(weight, min_size=1, max_size=8) for weight in (_PLAIN, _EXTREME, _ANY)))


def _shares(weights: Sequence[float]) -> tuple[Fraction, ...]:
    return tuple(shares_of(dict(enumerate(weights))).values())


def _keys(*names: object, number: int = 1) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    return np.array([key64(*names, place) for place in range(number)], np.uint64)


def _sequence(shares: Sequence[Fraction], rows: int, *names: object) -> Ints:
    return Balanced(shares).draw(_keys(*names), np.array([rows]))


def _assert_within_one(values: Ints, shares: Sequence[Fraction]) -> None:
    """At every length each value's count is its share rounded down or up, to a billionth of a row."""
    lengths = np.arange(1, len(values) + 1)
    for value, share in enumerate(shares):
        counts = np.cumsum(values == value)
        assert (counts >= np.floor(lengths * float(share) - 1e-9)).all()
        assert (counts <= np.ceil(lengths * float(share) + 1e-9)).all()


@examples(30)
@given(_WEIGHTS, st.sampled_from([40, 150, 400]), st.integers())
def test_every_prefix_has_each_value_within_one_of_its_share(weights: list[float], rows: int, key: int) -> None:
    _assert_within_one(_sequence(_shares(weights), rows, key), _shares(weights))


@pytest.mark.parametrize(
    "weights",
    [
        pytest.param([n**1.5 for n in range(1, 101)], marks=pytest.mark.slow),
        *cases([[1e9, 1e-6, 1, 7, 1e3] * 20, [1 / n for n in range(1, 31)]], 2),
    ],
)
def test_up_to_a_hundred_values_of_any_weights_are_within_one_of_their_shares(weights: list[float]) -> None:
    _assert_within_one(_sequence(_shares(weights), 150, "x"), _shares(weights))


@pytest.mark.slow
@examples(400)
@given(st.lists(_ANY | _PLAIN | _EXTREME, min_size=2, max_size=100), st.integers())
def test_any_weights_at_all(weights: list[float], key: int) -> None:
    _assert_within_one(_sequence(_shares(weights), 700, key), _shares(weights))


def test_a_hundred_languages_keep_to_their_shares() -> None:
    shares = tuple(weights_of("language", "paper").values())
    _assert_within_one(_sequence(shares, 4_000, "x"), shares)


@examples(15)
@given(_WEIGHTS, st.lists(st.integers(0, 300), min_size=1, max_size=4), st.integers(0, 300))
def test_a_sequence_is_a_function_of_shares_and_key_in_any_company(
    weights: list[float], counts: list[int], more: int
) -> None:
    shares, keys = _shares(weights), _keys("some", number=len(counts))
    together = np.split(Balanced(shares).draw(keys, np.array(counts)), np.cumsum(counts)[:-1])
    for key, count, drawn in zip(keys, counts, together, strict=True):
        longer = Balanced(shares).draw(np.array([key]), np.array([count + more]))
        np.testing.assert_array_equal(longer[:count], drawn)


@pytest.mark.parametrize("weights", cases([(4.31, 3.77, 1.965702), (1000, 1), (5, 3, 1.1, 0.7)], 3))
def test_pieces_that_are_drawn_at_once_are_as_if_drawn_row_by_row(weights: tuple[float, ...]) -> None:
    streams = streams_of(_keys("x", number=3), np.array([600, 20, 250]))
    whole, in_pieces = (Apportionment(_shares(weights), piece).sequences(streams) for piece in (600, 40))
    np.testing.assert_array_equal(in_pieces, whole)


@each_of("weights", [(1, 3), (6, 3, 1), (1, 2, 3, 4, 5), (4.31, 3.77, 1.965702), (1000, 30, 4, 1.1, 50.3)])
def test_short_sequences_taken_together_have_the_shares_at_each_place(weights: tuple[float, ...]) -> None:
    shares, sequences = _shares(weights), 2_000
    drawn = Balanced(shares).draw(_keys("seed", number=sequences), np.full(sequences, 5)).reshape(sequences, 5)
    expected = sequences * np.array([float(share) for share in shares])
    for place in range(5):
        counts = np.bincount(drawn[:, place], minlength=len(shares))
        assert ((counts - expected) ** 2 / expected).sum() < 18.5  # 4 degrees at most, 0.001


@each_of("weights", cases([(4, 1), (0.431, 0.377, 0.192), (5, 3, 1.1, 0.7), (1000.1, 3, 1), (100, 7, 1)], 2))
def test_two_sequences_of_the_same_shares_are_independent(weights: tuple[float, ...]) -> None:
    shares, rows = _shares(weights), 3_000
    one, other = (_sequence(shares, rows, name) for name in ("one", "other"))
    counts = np.zeros((len(shares), len(shares)))
    np.add.at(counts, (one, other), 1)
    odds = np.array([float(share) for share in shares])
    expected = rows * np.outer(odds, odds)
    assert (np.abs(counts - expected) <= 4.5 * np.sqrt(expected) + 2).all()


def test_equal_weights_take_turns_in_an_order_of_their_own_each_cycle() -> None:
    cycles = _sequence(_shares([1.0] * 5), 5_000, "x").reshape(-1, 5)
    assert (np.sort(cycles, axis=1) == np.arange(5)).all()
    assert len({tuple(cycle) for cycle in cycles.tolist()}) == 120


def test_independent_draws_have_the_shares_on_average_only() -> None:
    drawn = independent(streams_of(_keys("key"), np.array([4_000])), _shares([1.0, 3.0]))
    count = int((drawn == 1).sum())
    assert (count - 3_000) ** 2 / 750 < 10.8  # 1 degree, 0.001
    assert count != 3_000
