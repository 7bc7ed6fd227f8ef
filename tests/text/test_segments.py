"""Words of scripts without spaces, and characters as a reader counts them."""

from synthetic_textcat.text.segments import characters, words_by_icu
from tests.support.each_case import each_of


@each_of(
    ("text", "words"),
    [
        ("", 0),
        ("。、…", 0),
        ("今天天气很好", 3),  # 今天 天气 很好
        ("我昨天去银行取了500块钱。", 9),  # 我 昨天 去 银行 取 了 500 块 钱
        ("สวัสดีครับผมชื่อสมชาย", 5),
        ("ສະບາຍດີຕອນເຊົ້າ", 2),
        ("ខ្ញុំចង់ទិញសៀវភៅ", 4),
        ("ကျွန်တော်စာအုပ်ဝယ်ချင်တယ်", 5),
        ("😀今天😀天气😀", 2),  # positions in UTF-16 would be off by one after each
    ],
)
def test_words_are_those_of_icu(text: str, words: int) -> None:
    assert words_by_icu([text, "x"]) == [words, 1]


@each_of(("text", "count"), [("", 0), ("a b", 3), ("e\u0301", 1), ("क्षि", 1), ("👩‍👩‍👧", 1), ("ครับ", 3), ("\r\n", 2)])
def test_characters_are_those_of_a_reader(text: str, count: int) -> None:
    assert characters(text) == count
