"""How values are shown on a page."""

from synthetic_textcat.pages.rendering import LONGEST_TEXT, NONE, as_code, breakable, shown
from tests.support.each_case import each_of


@each_of(
    ("value", "kind", "words"),
    [
        (None, "share", NONE),
        (0.1234, "share", "12.3%"),
        (1234567, "count", "1,234,567"),
        (0.98765, "number", "0.988"),
        (1000, "number", "1,000"),
        (154.26, "number", "154.3"),
        ("not computable", "number", "not computable"),
        ("distinct_2", "name", "distinct 2"),
        ("a_text", "text", "a_text"),
    ],
)
def test_each_kind_is_shown_as_it_is_read(value: object, kind: str, words: str) -> None:
    assert shown(value, kind) == words


def test_a_long_text_is_cut() -> None:
    assert shown("x" * 5000, "text") == "x" * LONGEST_TEXT + " …"


def test_what_others_named_is_code_in_one_line() -> None:
    assert as_code("a`b|c\nd\r\x00\u2028e") == "`a b c d   e`"
    assert as_code("") == "` `"
    assert len(as_code("x" * 999)) == 122


def test_names_break_at_their_joints_and_what_else_is_in_a_sentence_is_escaped() -> None:
    assert breakable("a.b_c=0.5 of 3.5 <i>e.g.</i>") == "a.<wbr>b_<wbr>c=<wbr>0.5 of 3.5 &lt;i&gt;e.<wbr>g.&lt;/i&gt;"
