"""Words as the models see them."""

import pytest

from synthetic_textcat.text.words_words import words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Refund, please: e-mail me!", ["the", "refund", "please", "mail", "me"]),
        ("“Straße”—¿sí?", ["strasse", "sí"]),
        ("हिन्दी में।", ["हिन्दी", "में"]),
        ("退款在哪里。好 ok", ["退款", "款在", "在哪", "哪里", "好", "ok"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("It's l'eau à 5", ["it", "eau", "à", "5"]),
        (" ... ", []),
    ],
)
def test_words_stand_between_spaces_and_punctuation(text: str, words: list[str]) -> None:
    assert words_of(text) == words
