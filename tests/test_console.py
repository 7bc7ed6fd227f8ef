"""What is said on the terminal: in lines of ours, without secrets, without characters that steer it."""

import pytest

from synthetic_textcat.console import say, shown, shown_line
from synthetic_textcat.redaction import add_secret

_STEERING = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 csi \x9b2J nel \x85 bidi \u202egnp\u202c "
    "zero\u200bwidth\ufeff del\x7f line\u2028 return\r"
)


def test_characters_that_steer_a_terminal_are_replaced() -> None:
    said = shown(_STEERING)
    assert said.isprintable()
    assert "[31mred" in said
    assert said.count("\ufffd") == 13


@pytest.mark.parametrize("text", ["می‌خواهم", "👩‍👩‍👧 🏳️‍🌈", "क्‍ष", "日本語", "Zürich, “ja”", "a\n\tb"])
def test_what_can_be_read_stays(text: str) -> None:
    assert shown(text) == text


def test_a_line_break_in_a_text_of_others_begins_no_line_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    add_secret("console-secret-1")
    say(["task      a\nplanned   999", "model     console-secret-1\x1b[2J"])
    assert capsys.readouterr().out == "task      a planned   999\nmodel     ***\ufffd[2J\n"
    assert shown_line("a\r\n\u2028b") == "a\ufffd \ufffdb"
