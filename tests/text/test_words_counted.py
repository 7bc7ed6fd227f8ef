# ruff: noqa: RUF001  letters and marks of other scripts are the point here
"""Words, long words and sentences."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.schemas.languages import has_spaces
from synthetic_textcat.text.words import counted
from tests.support.each_case import each_of


def _counts(*texts: str) -> list[tuple[int, int, int]]:
    counts = counted(pd.Series(texts, dtype="str"))
    return list(counts.itertuples(index=False, name=None))


@each_of(
    ("text", "words", "long_words", "sentences"),
    [
        ("They forgot the sauce.", 4, 0, 1),
        ("Stunning! I loved it. Would buy again", 7, 1, 3),
        ("It's a well-known 3.5 on example.com.", 6, 2, 1),
        ("Wait... what?! No", 3, 0, 3),
        ("Wait...what then", 3, 0, 1),
        ('He said: "Really?" (No.) And left.', 6, 0, 4),
        ("letter letters", 2, 1, 1),
        ("a1234567 1234567", 2, 0, 1),
        ("", 0, 0, 0),
        ("... -- !", 0, 0, 0),
        ("no\nend\n\nat all", 4, 0, 1),
        ("Bonjour ! Ça va bien ?", 4, 1, 2),
        ("l’été et l'hiver", 3, 0, 1),
        ("Посылка пришла во вторник. Никого не было", 7, 2, 2),
        ("Ο οδηγός το άφησε", 4, 0, 1),
        ("वह किताब पढ़ता है", 4, 0, 1),
        ("او می‌رود خانه", 3, 0, 1),
        ("وصل الطرد يوم الثلاثاء", 4, 1, 1),
        ("\U0001f600 smile \U0001f600", 1, 0, 1),
        ("cafe\u0301s and nai\u0308ve", 3, 0, 1),
        ("𝒶 letter beyond", 3, 0, 1),
    ],
)
def test_counts(text: str, words: int, long_words: int, sentences: int) -> None:
    assert _counts(text) == [(words, long_words, sentences)]


@given(st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from(" \n.!-'")), max_size=6))
def test_a_text_counts_the_same_whatever_stands_next_to_it(texts: list[str]) -> None:
    assert _counts(*texts) == [_counts(text)[0] for text in texts]


@given(st.lists(st.from_regex(r"[a-zа-я]{1,9}", fullmatch=True), max_size=9))
def test_plain_words_are_those_that_stand_apart(words: list[str]) -> None:
    long = sum(len(word) > 6 for word in words)
    assert _counts(" ".join(words)) == [(len(words), long, int(bool(words)))]


def test_the_index_is_the_texts() -> None:
    counts = counted(pd.Series({7: "one", 3: "two words"}, dtype="str"))
    assert counts["words"].to_dict() == {7: 1, 3: 2}


def test_more_texts_than_are_counted_at_once() -> None:
    texts = ["one", "two words", ""] * 7_000
    assert counted(pd.Series(texts, dtype="str"))["words"].tolist() == [1, 2, 0] * 7_000


def test_where_words_stand_apart() -> None:
    unspaced = ["Chinese (Simplified)", "Chinese (Traditional)", "Japanese", "Thai", "Lao", "Khmer", "Burmese"]
    assert not any(map(has_spaces, [*unspaced, "yue", "ja-Hira", "zh-Hani"]))
    assert all(map(has_spaces, ["English", "Korean", "Hindi", "Amharic", "Arabic"]))
