"""Words at which texts are cut."""

import pytest

from synthetic_textcat.text.words import words_of


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("  “Well,” she said — don't!\n", ["well", "she", "said", "don't"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया"]),  # the marks of a letter belong to it
        ("한국어 문장", ["한국어", "문장"]),
        ("我用 Python。", ["我", "用", "python"]),
        ("寿司が好き", ["寿", "司", "が", "好", "き"]),
        ("กา", ["ก", "า"]),
        ("… — !", []),
        ("", []),
    ],
)
def test_white_space_separates_words_and_each_unspaced_character_is_one(text: str, forms: list[str]) -> None:
    assert [word.form for word in words_of(text)] == forms


def test_a_text_is_cut_after_the_punctuation_of_its_last_word() -> None:
    text = "One, two; three."
    assert [text[: word.end] for word in words_of(text)] == ["One,", "One, two;", text]
