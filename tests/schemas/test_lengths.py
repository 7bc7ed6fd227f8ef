"""Requested lengths: forms, canonical spelling, bad ranges; the buckets of before are as they were."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synthetic_textcat.schemas.attributes import VALUES, weights_of
from synthetic_textcat.schemas.lengths import Length, length_of, read_length, shown_length
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.tasks import Task, task_from_row
from tests.support.each_case import each_of
from tests.support.examples import examples


@each_of(
    ("written", "column"),
    [
        ("20 to 40 words", "20 to 40"),
        (" 20-40 ", "20 to 40"),
        ("20 – 40 Words", "20 to 40"),  # noqa: RUF001
        ("between 20 and 40", "20 to 40"),
        ("from 100 to 280 characters", "100 to 280 characters"),
        ("at most 280 characters", "at most 280 characters"),
        ("up to 280 chars", "at most 280 characters"),
        ("less than 10 words", "less than 10"),
        ("fewer than 15", "less than 15"),
        ("more than 5", "at least 6"),
        ("exactly 12 words", "exactly 12"),
        ("7 to 7", "exactly 7"),
        ("at least 1 word", "at least 1"),
        ("exactly 1 characters", "exactly 1 character"),
        ("at most 1 char", "at most 1 character"),
        ("1 to 2 char", "1 to 2 characters"),
        ("under 30 words", "less than 30"),
        ("Over 30", "at least 31"),
        ("no more than 1,000 characters", "at most 1000 characters"),
        ("max 280chars", "at most 280 characters"),
        ("20−40words", "20 to 40"),  # noqa: RUF001
    ],
)
def test_a_range_has_one_spelling(written: str, column: str) -> None:
    assert weights_of("num_words", written) == {column: 1}
    assert str(read_length(column)) == column


@examples(60)
@given(
    st.builds(
        lambda least, more, unit: Length(least, None if more is None else least + more, unit),
        st.integers(1, 5_000),
        st.none() | st.integers(0, 5_000),
        st.sampled_from(["words", "characters"]),
    )
)
def test_a_spelling_is_read_back_as_the_same_length(length: Length) -> None:
    assert read_length(str(length)) == length


def test_the_buckets_are_read_as_they_were() -> None:
    bounds = [(length.least, length.upper, length.is_below) for length in map(read_length, VALUES["num_words"])]
    assert bounds == [(0, 10, True), (10, None, False), (50, None, False), (100, None, False), (200, None, False)]
    assert [str(read_length(name)) for name in VALUES["num_words"]] == list(VALUES["num_words"])
    shown = {
        "less than 10": "less than 10 words",
        "at most 9 characters": "at most 9 characters",
        "exactly 1": "exactly 1 word",
        "at least 1": "at least 1 word",
        "1 to 9": "1 to 9 words",
        "exactly 1 character": "exactly 1 character",
        "as long as you like": "as long as you like words",
    }
    assert {name: shown_length(name) for name in shown} == shown
    assert length_of("some time ago") is None


@each_of(
    ("choice", "kept"),
    [
        ({"from": 20, "to": 40}, "20 to 40"),
        ({"from": 20}, "at least 20"),
        ({"to": 280, "unit": "Characters"}, "at most 280 characters"),
        ({"from": 100.0, "to": 280.0, "unit": "chars"}, "100 to 280 characters"),
        ([{"from": 20, "to": 40}, "Less than 10"], ["20 to 40", "Less than 10"]),
        ([{"from": 2, "to": 4, "weight": 3}, "at least 10"], {"2 to 4": 3.0, "at least 10": 1.0}),
        ({"2 to 4 words": 3, "at most 280 characters": 1}, {"2 to 4 words": 3.0, "at most 280 characters": 1.0}),
        (["less than 10", "at least 10"], ["less than 10", "at least 10"]),
        (None, None),
        ("paper", "paper"),
    ],
)
def test_ranges_in_parameters_and_tasks(choice: Any, kept: Any) -> None:
    assert AttributeSamplingParameters(num_words=choice).num_words == kept
    task = Task.model_validate({"task": "Sort.", "num_words": choice})
    assert task.num_words == kept
    assert task_from_row(task.to_row("file")) == task


def test_two_spellings_of_a_range_share_their_weights() -> None:
    assert weights_of("num_words", {"2-4": 1, "2 to 4 words": 2, "at least 5": 1}) == {
        "2 to 4": 0.75,
        "at least 5": 0.25,
    }


@each_of(
    ("choice", "line"),
    [
        ("40 to 20 words", "has the range '40 to 20 words', which is turned round; write 20 to 40 words"),
        ({"from": 40, "to": 20, "unit": "characters"}, "turned round; write 20 to 40 characters"),
        ("0 to 20", "has the range '0 to 20'; a bound is a number from 1 to 100,000, as in at most 20 words"),
        ({"from": 0, "to": 20}, "a bound is a number from 1"),
        ({"from": -5, "to": 20}, "a bound is a number from 1"),
        ("less than 1", "a bound is a number from 1"),
        ("at most 100001 characters", "a bound is a number from 1"),
        ({"from": "twenty"}, "has 'twenty' as `from` of a range; write a whole number, such as 20"),
        ({"from": 1.5, "to": 4}, "has 1.5 as `from` of a range"),
        ({"from": True, "to": 4}, "has True as `from` of a range"),
        ({"unit": "words"}, "has a range without bounds; write `from`, `to`, or both"),
        ({"form": 2, "to": 4}, "has the unknown key 'form' in a range; did you mean from"),
        ({"from": 2, "to": 4, "unit": "charcters"}, "unknown unit 'charcters'; did you mean characters"),
        ("20 to 40 wrods", "unknown unit 'wrods'; did you mean words"),
        ("20 to 40 sentences", "unknown unit 'sentences'; allowed: characters, words"),
        ("about 50 words", "unknown length 'about 50 words'; write a range, such as `20 to 40 words`"),
        ("1 word", "'1 word' is not a range; write `exactly 1 word`, `at most 1 word` or `at least 1 word`"),
        ("20", "'20' is not a range; write `exactly 20 words`"),
        ("0 words", "has the range '0 words'; a bound is a number from 1"),
        ("-5 to 20", "has the range '-5 to 20'; a bound is a number from 1"),
        ({"min": 20, "max": 40}, "has the unknown key 'min' in a range; allowed: from, to, unit, weight"),
        ({"From": 20}, "has the unknown key 'From' in a range; did you mean from"),
        ("at least 20 to 40", "unknown length 'at least 20 to 40'; write a range"),
        ([20, 40], "has 20 in its list, which is not a range"),
        ([{"from": 2, "weight": 0}, {"to": 9}], "gives 'at least 2' the weight 0; a weight is"),
        ({"from": 2, "to": 4, "weight": 3}, "gives its only range a weight; write a list of several ranges"),
    ],
)
def test_a_bad_range_gets_one_line(choice: Any, line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AttributeSamplingParameters(num_words=choice)
    message = caught.value.errors()[0]["msg"]
    assert line in message
    assert "\n" not in message
