"""What is said on the terminal: in lines of ours, without secrets, without characters that steer it."""

import contextlib
import logging
import os
import pty
import subprocess
import sys

import pytest

from synthetic_textcat.console import ROWS_TO_SHOW, say, shown, shown_line, track
from synthetic_textcat.redaction import add_secret
from tests.support.each_case import each_of

_STEERING = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 csi \x9b2J nel \x85 bidi \u202egnp\u202c "
    "zero\u200bwidth\ufeff del\x7f line\u2028 return\r"
)


def test_characters_that_steer_a_terminal_are_replaced() -> None:
    said = shown(_STEERING)
    assert said.isprintable()
    assert "[31mred" in said
    assert said.count("\ufffd") == 13


@each_of("text", ["می‌خواهم", "👩‍👩‍👧 🏳️‍🌈", "क्‍ष", "日本語", "Zürich, “ja”", "a\n\tb"])
def test_what_can_be_read_stays(text: str) -> None:
    assert shown(text) == text


def test_a_line_break_in_a_text_of_others_begins_no_line_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    add_secret("console-secret-1")
    say(["task      a\nplanned   999", "model     console-secret-1\x1b[2J"])
    assert capsys.readouterr().out == "task      a planned   999\nmodel     ***\ufffd[2J\n"
    assert shown_line("a\r\n\u2028b") == "a\ufffd \ufffdb"


_ON_A_TERMINAL = """
import time
from synthetic_textcat.console import (ROWS_TO_SHOW, track)
for row in track(range(ROWS_TO_SHOW), ROWS_TO_SHOW, "Checking rows"):
    row % 1_000 or time.sleep(0.05)
"""


def test_all_rows_are_handed_on_and_lines_tell_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert list(track(iter(range(ROWS_TO_SHOW)), ROWS_TO_SHOW, "Checking rows", every_s=0)) == list(range(ROWS_TO_SHOW))
    assert len(caplog.messages) == ROWS_TO_SHOW // 1_000
    assert caplog.messages[4].startswith(f"Checking rows: 5,000 of {ROWS_TO_SHOW:,}, ")


def test_between_lines_some_time_passes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert len(list(track(range(ROWS_TO_SHOW), ROWS_TO_SHOW, "Checking rows", every_s=1000))) == ROWS_TO_SHOW
    assert caplog.messages == []


def test_of_few_rows_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert list(track(range(ROWS_TO_SHOW), ROWS_TO_SHOW - 1, "Checking rows", every_s=0)) == list(range(ROWS_TO_SHOW))
    assert caplog.messages == []


def test_on_a_terminal_a_bar_grows_and_is_taken_off() -> None:
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen([sys.executable, "-c", _ON_A_TERMINAL], stdout=theirs, stderr=theirs, env=env) as running:
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError):  # how the end of a terminal is signalled
            while chunk := os.read(ours, 1 << 16):
                written += chunk
        os.close(ours)
    assert running.returncode == 0, written.decode()
    shown = written.decode()
    assert shown.count("Checking rows") > 2
    assert f"/{ROWS_TO_SHOW}" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") > 0  # the cursor is back
