"""The first of equal texts, among few and among more than are hashed at once."""

from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.text.equal_texts import first_of_equal


def _by_dict(texts: list[str]) -> list[int]:
    first: dict[str, int] = {}
    return [first.setdefault(text, place) for place, text in enumerate(texts)]


@given(st.lists(st.text("abä ", max_size=3), max_size=30))
def test_each_text_gets_the_place_of_the_first_that_equals_it(texts: list[str]) -> None:
    assert first_of_equal(texts).tolist() == _by_dict(texts)


def test_equal_texts_far_apart_are_found() -> None:
    texts = [f"text {number % 20_500}" for number in range(45_000)]
    assert first_of_equal(texts).tolist() == _by_dict(texts)
