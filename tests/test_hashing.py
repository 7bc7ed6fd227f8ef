"""The draws and ids are written down here: a change of any of them would change every user's plan."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hashing import (
    canonical_json,
    derived,
    draw,
    draw_each,
    draw_int,
    key64,
    pick,
    random_bits,
    sha256_of,
    short_id,
    short_id_bytes,
    shuffled,
    uniform,
)
from tests.support.examples import examples

_ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=8)  # lone surrogates too
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def test_ids_stay_what_they_are() -> None:
    assert short_id("task", "sort") == "b20106414a8f7d0a1903"
    assert short_id(42, "abc", 0) == "c159997fe05b34b939de"
    assert short_id() == "6fa1d8fcfd719046d762"


def test_draws_stay_what_they_are() -> None:
    assert [draw(42, "t", number, "language") for number in range(3)] == [
        0.8254730892811153,
        0.298202021975017,
        0.6452243821157142,
    ]
    assert draw_int(31, 42, "t", 0, "seed") == 632656901
    assert pick("abcde", 1, "x") == "b"
    assert shuffled("abcdef", 42, "t", 0, "label") == ["f", "d", "b", "c", "e", "a"]


def test_draws_of_many_values_are_those_of_each() -> None:
    values = ["", "a", "é", *(short_id(number) for number in range(50))]
    assert draw_each((42, "rows"), values).tolist() == [draw(42, "rows", value) for value in values]
    assert draw_each((42,), []).tolist() == []


def test_hashes_of_values_stay_what_they_are() -> None:
    expected = "2065ea4b9ec8aeddd61e26569957507864fad10dd3c1797ba31c951fe0a42de8"
    assert sha256_of({"b": 1, "a": ["é", None, True, 1.5]}) == expected


def test_canonical_json_is_ascii_sorted_and_holds_lone_surrogates() -> None:
    assert canonical_json({"b": "\ud800é😀", "a": [1, None]}) == '{"a":[1,null],"b":"\\ud800\\u00e9\\ud83d\\ude00"}'


@examples(60)
@given(_JSON)
def test_canonical_json_keeps_the_value_and_can_be_hashed(value: object) -> None:
    assert json.loads(canonical_json(value)) == value
    assert canonical_json(value).isascii()
    assert len(sha256_of(value)) == 64


@examples(60)
@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=5))
def test_the_order_of_keys_changes_no_hash(value: dict[str, int]) -> None:
    assert sha256_of(dict(reversed(value.items()))) == sha256_of(value)


@examples(100)
@given(st.lists(st.integers() | st.text(max_size=5), max_size=4))
def test_draws_lie_in_the_half_open_unit_interval_and_repeat(parts: list[int | str]) -> None:
    assert 0 <= draw(*parts) < 1
    assert draw(*parts) == draw(*parts)
    assert 0 <= draw_int(31, *parts) < 2**31
    assert pick([7, 8, 9], *parts) in {7, 8, 9}


@examples(60)
@given(st.lists(st.integers(), max_size=8), st.integers())
def test_shuffling_loses_and_adds_nothing(options: list[int], seed: int) -> None:
    assert sorted(shuffled(options, seed)) == sorted(options)


def test_a_draw_does_not_depend_on_what_was_drawn_before() -> None:
    forwards = [draw("x", number) for number in range(50)]
    backwards = [draw("x", number) for number in reversed(range(50))]
    assert backwards[::-1] == forwards


def test_draws_are_even() -> None:
    counts = [0] * 10
    for number in range(10_000):
        counts[int(draw("even", number) * 10)] += 1
    assert sum((count - 1_000) ** 2 / 1_000 for count in counts) < 27.9  # chi-square, 9 degrees, p = 0.001


def test_the_parts_of_an_id_do_not_run_together() -> None:
    assert short_id("ab", "c") != short_id("a", "bc") != short_id("abc")


def test_ids_of_many_numbers_are_those_of_each() -> None:
    ids = [short_id(42, "task", number) for number in range(12)]
    assert [raw.hex() for raw in short_id_bytes((42, "task"), range(12))] == ids


def test_streams_are_those_of_splitmix64() -> None:
    """Its published outputs from the state 0."""
    drawn = random_bits(np.zeros(3, np.uint64), np.arange(3))
    assert drawn.tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_keys_of_streams_stay_what_they_are_and_draws_are_even() -> None:
    keys = derived(np.array([key64(42, "task")], np.uint64), "language")
    assert keys.tolist() == [18303209017837025980]
    drawn = uniform(np.repeat(keys, 10_000), np.arange(10_000))
    assert ((drawn >= 0) & (drawn < 1)).all()
    assert abs(drawn.mean() - 0.5) < 0.01
