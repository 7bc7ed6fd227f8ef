"""The sentence of an item, without what is written around it; nothing where a task can't have it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.schemas.task_text import sentence_of
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of
from tests.support.examples import examples

_ODD = [*"ab1.-_*`\"'<>/: \u5ba2\u3164\u200b\u200c\u2800\xad\x1f\n", "__", "**", "<p>", "</p>", "Sort a b", "Task 1:"]


@examples(300)
@given(st.lists(st.sampled_from(_ODD), min_size=3, max_size=14).map("".join) | st.text(max_size=20))
def test_a_sentence_makes_a_task(item: str) -> None:
    sentence = sentence_of(item)
    assert sentence is None or Task(task=sentence).task == sentence


@pytest.mark.parametrize(
    "item", ["\u3164\u3164 \u3164\u3164 \u3164\u3164", "\u3164 \u3164 Sort claims", "Sort\nby date of day"]
)
def test_what_shows_too_little_or_has_two_lines_is_no_sentence(item: str) -> None:
    assert sentence_of(item) is None


@each_of(
    "task",
    [
        "Sort questions on the __init__ method by Python version",
        "Sort questions by whether the <p> or <li> element is meant",
        "I/O errors: sort them by the device at fault",
        "I-9 forms by what is missing on them",
        "I.T. tickets by how urgent they are",
        "Sure-fire bets and long shots told apart",
        "Certainly/uncertainly worded findings told apart",
    ],
)
def test_a_task_that_looks_like_markup_or_talk_stays_as_it_is(task: str) -> None:
    assert sentence_of(task) == task


@each_of(
    "item",
    ["Sure, I can do that.", "Sure! Here are some for you.", "Of course. Here you are.", "I\u2019m glad to help."],
)
def test_talk_is_no_task(item: str) -> None:
    assert sentence_of(item) is None


@each_of(
    "item",
    [
        "__Sort old claims__",
        "Sort __old claims__",
        "Sort __Old__ claims",
        "<p>Sort old claims",
        "Sort <b>old</b> claims",
        "<li>Sort old claims</li>",
    ],
)
def test_markup_is_taken_off(item: str) -> None:
    assert (sentence_of(item) or "").casefold() == "sort old claims"
