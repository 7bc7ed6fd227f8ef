"""When two texts count as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.same_text import normalised


@pytest.mark.parametrize("text", ["Straße  nach\nBonn", " strasse nach bonn ", "STRASSE nach Bonn"])
def test_case_width_and_white_space_do_not_count(text: str) -> None:
    assert normalised(text) == "strasse nach bonn"


@given(st.text())
def test_white_space_is_single_and_inside(text: str) -> None:
    assert normalised(text) == " ".join(normalised(text).split(" ")).strip()
    assert normalised(f"  {text}\n") == normalised(text)
