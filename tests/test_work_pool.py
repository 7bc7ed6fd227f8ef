"""Work that is shared out among processes comes to the same, in order, and leaves no process behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from synthetic_textcat.work_pool import ROWS_TO_SHARE, THIS_MACHINE, LostWorkerError, MachinePool
from tests.support.project import is_alive

_ENDLESS = """
import itertools, multiprocessing
from synthetic_textcat.work_pool import MachinePool
if __name__ == "__main__":
    for number in MachinePool(processes=2).map(sorted, itertools.count(), rows=50_000):
        if number == 0:
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)
"""

_TWO = MachinePool(rows_to_share=0, processes=2)


def _negated(numbers: list[int]) -> list[int]:
    return [-number for number in numbers]


def _sizes(numbers: list[int]) -> list[int]:
    return [len(numbers)] * len(numbers)


def _processes(items: list[int]) -> list[int]:
    return [os.getpid()] * len(items)


def _as_numbers(texts: list[str]) -> list[int]:
    return list(map(int, texts))


class _RowError(Exception):
    """An error that can be pickled, and not be made anew."""

    def __init__(self, row: int, why: str) -> None:
        super().__init__(f"row {row}: {why}")


def _fail(rows: list[int]) -> list[int]:
    raise _RowError(rows[0], "not a number")


def _end_process(codes: list[int]) -> list[int]:
    os._exit(codes[0])


def test_few_rows_take_no_other_process_and_many_do() -> None:
    assert set(MachinePool(processes=2).map(_processes, range(5), rows=ROWS_TO_SHARE - 1)) == {os.getpid()}
    assert os.getpid() not in set(MachinePool(processes=2).map(_processes, range(5), rows=ROWS_TO_SHARE))


def test_results_come_in_order_and_items_are_taken_as_needed() -> None:
    taken = []
    numbers = (taken.append(number) or number for number in range(10_000))  # type: ignore[func-returns-value]
    results = THIS_MACHINE.map(_negated, numbers, rows=10_000)
    assert next(results) == 0
    assert len(taken) < 10_000
    assert list(results) == [-number for number in range(1, 10_000)]


def test_a_unit_of_one_item_goes_to_a_process_by_itself() -> None:
    alone = list(_TWO.map(_sizes, range(5), rows=5, at_once=1))
    assert alone == [1] * 5
    assert list(THIS_MACHINE.map(_sizes, range(5), rows=5, at_once=3)) == [3, 3, 3, 2, 2]


def test_an_error_of_the_work_is_raised_here_and_ends_all_processes() -> None:
    with pytest.raises(ValueError, match="three"):
        list(_TWO.map(_as_numbers, ["1", "2", "three"], rows=3))
    assert not multiprocessing.active_children()


def test_an_error_that_can_not_be_made_anew_here_keeps_its_words() -> None:
    with pytest.raises(RuntimeError, match="_RowError: row 7: not a number"):
        list(_TWO.map(_fail, [7], rows=1))


def test_a_process_that_is_ended_is_reported_in_one_line() -> None:
    with pytest.raises(LostWorkerError, match="out of memory") as caught:
        list(_TWO.map(_end_process, [3], rows=1))
    assert "\n" not in str(caught.value)
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
    while any(map(is_alive, children)):
        assert time.monotonic() < end, children
        time.sleep(0.1)
