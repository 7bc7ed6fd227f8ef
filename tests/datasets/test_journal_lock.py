"""One writer at a time: real processes, and a real SIGKILL."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.errors import JournalError

_HOLD = """
import sys, time
from synthetic_textcat.datasets import JournalDataset
dataset = JournalDataset(filepath=sys.argv[1])
dataset.lock()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def _holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "data" / "journal.jsonl"
    dataset = JournalDataset(filepath=str(path))
    dataset.lock()
    dataset.release()
    with _holder(path) as process:
        with pytest.raises(JournalError, match=r"Another run is writing .*journal\.jsonl.*Next: wait"):
            dataset.lock()
        assert len(dataset.load()) == 0  # reading needs no lock
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        dataset.lock()
    dataset.release()


def test_two_runs_in_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    first, second = JournalDataset(filepath=str(path)), JournalDataset(filepath=str(path))
    with ThreadPoolExecutor(1) as another_thread:
        first.lock()
        with pytest.raises(JournalError):
            another_thread.submit(second.lock).result()
        first.release()
        another_thread.submit(second.lock).result()
        with pytest.raises(JournalError):
            first.lock()
        another_thread.submit(second.release).result()


def test_a_run_that_ended_without_a_word_in_this_thread_shuts_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    interrupted, next_run = JournalDataset(filepath=str(path)), JournalDataset(filepath=str(path))
    interrupted.lock()
    next_run.lock()
    next_run.release()
    with _holder(path):  # nothing of either run is left
        pass


def test_releasing_what_is_not_held_does_nothing(tmp_path: Path) -> None:
    JournalDataset(filepath=str(tmp_path / "journal.jsonl")).release()
