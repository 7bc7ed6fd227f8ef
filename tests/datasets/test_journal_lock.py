"""One writer at a time: real processes, and a real SIGKILL."""

import errno
import fcntl
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.errors import JournalError
from tests.llm.builders import completion

_HOLD = """
import sys, time
from synthetic_textcat.datasets import JournalDataset
dataset = JournalDataset(filepath=sys.argv[1])
dataset.lock()
print("held", flush=True)
sys.stdin.read()
"""

_FORK = """
import os, subprocess, sys, time
from synthetic_textcat.datasets import JournalDataset
dataset = JournalDataset(filepath=sys.argv[1])
dataset.lock()
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"], stdout=subprocess.DEVNULL)
if os.fork() == 0:
    os.close(1)
    time.sleep(5)
    os._exit(0)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def _holder(path: Path, program: str = _HOLD) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", program, str(path)]
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


@pytest.mark.parametrize("link", ["symbolic", "hard", "folder"])
def test_another_name_of_the_same_file_is_no_way_round_the_lock(link: str, tmp_path: Path) -> None:
    path, other = tmp_path / "mine" / "journal.jsonl", tmp_path / "theirs" / "other.jsonl"
    path.parent.mkdir()
    if link == "folder":
        other = tmp_path / "theirs" / "journal.jsonl"
        other.parent.symlink_to(path.parent)
    else:
        other.parent.mkdir()
    if link == "symbolic":
        other.symlink_to(path)  # which is not there yet
    elif link == "hard":
        path.touch()
        other.hardlink_to(path)
    dataset = JournalDataset(filepath=str(other))
    with _holder(path), pytest.raises(JournalError, match=r"Another run is writing .*theirs"):
        dataset.lock()
    dataset.lock()
    dataset.release()


def test_a_lock_is_not_handed_to_processes_that_the_run_started(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with _holder(path, _FORK) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        dataset = JournalDataset(filepath=str(path))  # the children are still there
        dataset.lock()
        dataset.release()


def test_two_entries_of_one_file_are_one_open_journal(tmp_path: Path) -> None:
    path, other = tmp_path / "journal.jsonl", tmp_path / "other.jsonl"
    other.symlink_to(path)
    first, second = JournalDataset(filepath=str(path)), JournalDataset(filepath=str(other))
    first.lock()
    second.lock()
    second.save([completion(request_id="r0")])
    first.save([completion(request_id="r1")])
    JournalDataset(filepath=str(path)).save([completion(request_id="r2")])
    assert len(first.load()) == 3
    first.release()
    second.release()
    with _holder(path):
        pass


def test_a_run_in_a_thread_that_ended_shuts_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    ended = JournalDataset(filepath=str(path))
    thread = threading.Thread(target=ended.lock)
    thread.start()
    thread.join()
    del thread
    ended.release()
    next_run = JournalDataset(filepath=str(path))
    next_run.lock()
    next_run.release()


def test_a_journal_that_nobody_holds_on_to_is_free(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    JournalDataset(filepath=str(path)).lock()
    gc.collect()
    with _holder(path):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_refused_with_the_next_step(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(JournalError) as caught:
        JournalDataset(filepath=str(path)).lock()
    said = str(caught.value)
    assert said.startswith(f"Can't lock {path}: {os.strerror(number)}. Its file system has no locks")
    assert "Next: mount it with locks, or put the journal on a local disk" in said
    assert not path.exists()


def test_any_other_error_of_a_lock_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(JournalError, match=r"Can't lock .*Input/output error. Next: check the disk"):
        JournalDataset(filepath=str(tmp_path / "journal.jsonl")).lock()
