"""When two texts count as the same."""

import random
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.schemas.languages import Language, languages
from synthetic_textcat.text.unicode import (
    UNSPACED_CODES,
    UNSPACED_LETTER,
    is_unspaced,
    normalised,
    visible_controls,
)
from tests.support.each_case import each_case, each_of

_WITHOUT_SPACES = {"Burmese", "Chinese", "Japanese", "Khmer", "Lao", "Thai"}


def test_control_characters_are_escaped_and_other_text_is_left_as_it_is() -> None:
    assert visible_controls("f\x00fcr\x07 \x1b[31m\x85\uffff") == "f\\u0000fcr\\u0007 \\u001b[31m\\u0085\\uffff"
    text = "line\n\ttab\r\n \u0645\u06cc\u200c\u062e \U0001f468\u200d\U0001f469\u200e"
    assert visible_controls(text) is text or visible_controls(text) == text


@pytest.mark.parametrize("text", ["Straße  nach\nBonn", " strasse nach bonn ", "STRASSE nach Bonn"])
def test_case_width_and_white_space_do_not_count(text: str) -> None:
    assert normalised(text) == "strasse nach bonn"


@given(st.text())
def test_white_space_is_single_and_inside(text: str) -> None:
    assert normalised(text) == " ".join(normalised(text).split(" ")).strip()
    assert normalised(f"  {text}\n") == normalised(text)


_PARTS = [
    *(
        "e\u0301",
        "\u1112\u1161\u11ab",
        "\u304b\u3099",
        "\uff76\uff9e",
        "\u0cc6\u0cc2\u0cd5",
        "\u0928\u093c",
        "\u0e01\u0e47",
    ),
    *("\ufb01", "\u212b", "\ufdfa", "\u00e4", "\u5b57", "\U0001f600", "word ", "a", " \u0308"),
]


def test_a_long_text_comes_to_the_same_as_if_it_were_normalised_at_once() -> None:
    for seed in range(100):
        draw = random.Random(seed)
        text = "".join(draw.choices(draw.sample(_PARTS, draw.choice((1, 2, 16))), k=draw.randrange(200, 1_500)))
        assert normalised(text) == " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@each_of("accents", ["\u0301\u0316", "\u0344\u0316", "\uff9e\u0316", "a\u0301\u0316\u0301"])
def test_accents_without_end_take_no_time(accents: str) -> None:
    begun = time.thread_time()
    assert normalised(accents * (100_000 // len(accents)))
    assert time.thread_time() - begun < 0.25


def test_the_quick_look_for_scripts_without_spaces_misses_no_character_of_theirs() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    letters = UNSPACED_LETTER.findall(every)
    assert len(letters) > 90_000
    assert all(map(is_unspaced, letters))


@each_case(languages(), lambda language: language.code)
def test_languages_of_these_scripts_are_written_without_spaces(language: Language) -> None:
    assert (language.script in UNSPACED_CODES) == (language.name.partition(" (")[0] in _WITHOUT_SPACES)
