"""Work that is shared out among processes comes to the same, in order, and leaves no process behind."""

import multiprocessing
import operator
import os
import signal
import subprocess
import sys
import time

import pytest

from synthetic_textcat.pipelines.quality_report.checks.parallel import MANY, LostProcessError, processes_for, shared_out
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge
from synthetic_textcat.schemas.parameters import QualityReportParameters
from tests.llm.offline.rehearsal import rows
from tests.pipelines.quality_report.builders import candidate

_ENDLESS = """
import itertools, multiprocessing, operator, sys
from synthetic_textcat.pipelines.quality_report.checks.parallel import shared_out
if __name__ == "__main__":
    for number in shared_out(operator.neg, itertools.count(), 2):
        if number == 0:
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)
"""


def test_few_rows_take_no_other_process() -> None:
    assert processes_for(MANY - 1) == 1
    assert processes_for(MANY) >= 1


def test_results_come_in_order_and_items_are_taken_as_needed() -> None:
    taken = []
    numbers = (taken.append(number) or number for number in range(10))  # type: ignore[func-returns-value]
    results = shared_out(operator.neg, numbers, 1)
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
        for total in (0, MANY)
    ]
    assert judged[0] == judged[1]
    assert len(judged[0]) == 2_500
    assert {judgement.verdict and judgement.verdict.reason for judgement in judged[0]} >= {None, "wrong_language"}
    assert not multiprocessing.active_children()


def test_an_error_of_the_work_is_raised_here_and_ends_all_processes() -> None:
    with pytest.raises(ValueError, match="three"):
        list(shared_out(int, ["1", "2", "three"], 2))
    assert not multiprocessing.active_children()


def test_a_process_that_is_ended_is_told_in_one_line() -> None:
    with pytest.raises(LostProcessError, match="out of memory") as told:
        list(shared_out(os._exit, [3], 2))
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
