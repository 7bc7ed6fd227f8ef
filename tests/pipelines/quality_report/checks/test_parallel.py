"""Work that is shared out among processes comes to the same, in order, and leaves no process behind.

Progress on many rows: a bar on a terminal, elsewhere log lines; on few rows nothing.
"""

import contextlib
import logging
import multiprocessing
import operator
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from synthetic_textcat.pipelines.quality_report.checks.parallel import (
    ROWS_TO_SHARE,
    ROWS_TO_SHOW,
    LostWorkerError,
    parallel_map,
    processes_for,
    track,
)
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge
from synthetic_textcat.schemas.parameters import QualityReportParameters
from tests.llm.offline.rehearsal import rows
from tests.pipelines.quality_report.builders import candidate

_ENDLESS = """
import itertools, multiprocessing, operator, sys
from synthetic_textcat.pipelines.quality_report.checks.parallel import parallel_map
if __name__ == "__main__":
    for number in parallel_map(operator.neg, itertools.count(), 2):
        if number == 0:
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)
"""

_ON_A_TERMINAL = """
import time
from synthetic_textcat.pipelines.quality_report.checks.parallel import ROWS_TO_SHOW, track
for row in track(range(ROWS_TO_SHOW), ROWS_TO_SHOW, "Checking rows"):
    row % 1_000 or time.sleep(0.05)
"""


def test_few_rows_take_no_other_process() -> None:
    assert processes_for(ROWS_TO_SHARE - 1) == 1
    assert processes_for(ROWS_TO_SHARE) >= 1


def test_results_come_in_order_and_items_are_taken_as_needed() -> None:
    taken = []
    numbers = (taken.append(number) or number for number in range(10))  # type: ignore[func-returns-value]
    results = parallel_map(operator.neg, numbers, 1)
    assert next(results) == 0
    assert taken == [0]
    assert list(results) == [-number for number in range(1, 10)]


def test_rows_are_judged_the_same_by_any_number_of_processes() -> None:
    texts = [row.text for row in rows(200)]
    languages = ["English", "German", "Japanese"]
    judged = [
        judge(
            (
                candidate(request_id=f"r{n}", input_text=texts[n % 190], language=languages[n % 3], label="mixed")
                for n in range(2_500)
            ),
            QualityReportParameters(flag_only=("label_not_as_planned", "exact_duplicate")),
            total,
        )
        for total in (0, ROWS_TO_SHARE)
    ]
    assert judged[0] == judged[1]
    assert len(judged[0]) == 2_500
    assert {judgement.verdict and judgement.verdict.reason for judgement in judged[0]} >= {None, "wrong_language"}
    assert not multiprocessing.active_children()


def test_an_error_of_the_work_is_raised_here_and_ends_all_processes() -> None:
    with pytest.raises(ValueError, match="three"):
        list(parallel_map(int, ["1", "2", "three"], 2))
    assert not multiprocessing.active_children()


def test_a_process_that_is_ended_is_told_in_one_line() -> None:
    with pytest.raises(LostWorkerError, match="out of memory") as told:
        list(parallel_map(os._exit, [3], 2))
    assert "\n" not in str(told.value)
    assert not multiprocessing.active_children()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_an_interrupt_or_the_end_of_its_parent(number: signal.Signals) -> None:
    command = [sys.executable, "-c", _ENDLESS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [int(child) for child in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.send_signal(number)
        _, errors = parent.communicate(timeout=30)
    assert errors.count("Traceback") <= 1  # the parent's own
    end = time.monotonic() + 30
    while any(map(_is_alive, children)):
        assert time.monotonic() < end, children
        time.sleep(0.1)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


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
        with contextlib.suppress(OSError):  # how the end of a terminal is told
            while chunk := os.read(ours, 1 << 16):
                written += chunk
        os.close(ours)
    assert running.returncode == 0, written.decode()
    shown = written.decode()
    assert shown.count("Checking rows") > 2
    assert f"/{ROWS_TO_SHOW}" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") > 0  # the cursor is back
