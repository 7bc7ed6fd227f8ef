"""Words at which texts are cut, and words as models see them."""

from synthetic_textcat.text.words import located_words, word_features
from tests.support.each_case import each_of


@each_of(
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
    assert [word.form for word in located_words(text)] == forms


def test_a_text_is_cut_after_the_punctuation_of_its_last_word() -> None:
    text = "One, two; three."
    assert [text[: word.end] for word in located_words(text)] == ["One,", "One, two;", text]


@each_of(
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
    assert word_features(text) == words
