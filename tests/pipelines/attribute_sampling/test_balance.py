"""Sequences that keep to their shares at every length, whatever the shares, and favour nobody at the start."""

from collections import Counter
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_textcat.pipelines.attribute_sampling.balance import Balanced, Independent
from synthetic_textcat.schemas.attributes import chosen_weights, weights_of

_WEIGHT = st.sampled_from([1.0, 1.0, 2.0, 3.0, 5.0, 7.5, 12.0, 0.431, 0.029, 0.0022857])
_SHARES = st.dictionaries(st.sampled_from("abcdefghij"), _WEIGHT, min_size=1, max_size=6).map(chosen_weights)


@settings(deadline=None, max_examples=25)
@given(_SHARES, st.integers())
def test_every_beginning_has_each_value_within_one_of_its_share(shares: dict[str, Fraction], key: int) -> None:
    counts = dict.fromkeys(shares, 0)
    for length, value in enumerate(islice(Balanced(shares).sequence(key), 150), start=1):
        counts[value] += 1
        assert all(abs(count - length * shares[name]) < 1 for name, count in counts.items())


def test_a_hundred_languages_keep_to_their_shares() -> None:
    shares = weights_of("language", "paper")
    counts = Counter(islice(Balanced(shares).sequence("x"), 4_000))
    assert all(abs(counts[name] - 4_000 * share) < 1 for name, share in shares.items())


def test_values_of_a_hundred_different_weights_are_drawn_in_good_time() -> None:
    shares = chosen_weights({f"v{number}": number**1.5 for number in range(1, 100)})
    counts = Counter(islice(Balanced(shares).sequence("x"), 500))
    assert all(abs(counts[name] - 500 * share) < 1 for name, share in shares.items())


@pytest.mark.parametrize(
    "weights",
    [{"a": 1.0, "b": 3.0}, {"a": 6.0, "b": 3.0, "c": 1.0}, dict(zip("abcde", (1, 2, 3, 4, 5), strict=True))],
)
def test_short_sequences_taken_together_have_the_shares(weights: dict[str, float]) -> None:
    shares, sequences = chosen_weights(weights), 4_000
    draws = Balanced(shares)
    drawn = [list(islice(draws.sequence("seed", number, "x"), 5)) for number in range(sequences)]
    for place in range(5):
        counts = Counter(sequence[place] for sequence in drawn)
        spread = sum((counts[name] - sequences * x) ** 2 / (sequences * float(x)) for name, x in shares.items())
        assert spread < 18.5  # 4 degrees at most, 0.001


@settings(deadline=None, max_examples=6)
@given(_SHARES, st.integers())
def test_a_sequence_is_a_function_of_shares_and_key(shares: dict[str, Fraction], key: int) -> None:
    for draws in (Balanced, Independent):
        first, again = (list(islice(draws(shares).sequence(key), 40)) for _ in range(2))
        assert first == again
        assert set(first) <= set(shares)


def test_independent_draws_have_the_shares_on_average_only() -> None:
    shares = chosen_weights({"a": 3.0, "b": 1.0})
    counts = Counter(islice(Independent(shares).sequence("key"), 4_000))
    assert (counts["a"] - 3_000) ** 2 / 750 < 10.8  # 1 degree, 0.001
    assert counts["a"] != 3_000
