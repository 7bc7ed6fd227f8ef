"""Progress on many rows: a bar on a terminal, elsewhere log lines; on few rows nothing."""

import contextlib
import logging
import os
import pty
import subprocess
import sys

import pytest

from synthetic_textcat.pipelines.quality_report.checks.watch import MANY, watched


def test_all_rows_are_handed_on_and_lines_tell_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert list(watched(iter(range(MANY)), MANY, "Checking rows", every_s=0)) == list(range(MANY))
    assert len(caplog.messages) == MANY // 1_000
    assert caplog.messages[4].startswith(f"Checking rows: 5,000 of {MANY:,}, ")


def test_between_lines_some_time_passes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert len(list(watched(range(MANY), MANY, "Checking rows", every_s=1000))) == MANY
    assert caplog.messages == []


def test_of_few_rows_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert list(watched(range(MANY), MANY - 1, "Checking rows", every_s=0)) == list(range(MANY))
    assert caplog.messages == []


_ON_A_TERMINAL = """
import time
from synthetic_textcat.pipelines.quality_report.checks.watch import MANY, watched
for row in watched(range(MANY), MANY, "Checking rows"):
    row % 1_000 or time.sleep(0.05)
"""


def test_on_a_terminal_a_bar_grows_and_is_taken_off() -> None:
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen([sys.executable, "-c", _ON_A_TERMINAL], stdout=theirs, stderr=theirs, env=env) as running:
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError):  # how the end of a terminal is told
            while chunk := os.read(ours, 1 << 16):
                written += chunk
        os.close(ours)
    assert running.returncode == 0, written.decode()
    shown = written.decode()
    assert shown.count("Checking rows") > 2
    assert f"/{MANY}" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") > 0  # the cursor is back
