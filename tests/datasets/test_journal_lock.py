"""One writer at a time: real processes, and a real SIGKILL."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.errors import JournalError
from tests.llm.builders import completion

_HOLDERS = """
import os, signal, subprocess, sys, time
from synthetic_textcat.datasets import JournalDataset

for line in sys.stdin:
    kind, path = line.rstrip("\\n").split(" ", 1)
    holder = os.fork()
    if holder == 0:
        dataset = JournalDataset(filepath=path)
        dataset.lock()
        if kind == "with-children":
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"], stdin=-3, stdout=-3)
            begun, begins = os.pipe()
            if os.fork() == 0:
                os.close(1)
                os.write(begins, b".")
                time.sleep(5)
                os._exit(0)
            os.read(begun, 1)
        print("held by", os.getpid(), flush=True)
        signal.pause()
    os.waitpid(holder, 0)
    print("ended", flush=True)
"""
"""A process that imports the package once, and forks a process that locks a journal for each line it reads."""


class _Holders:
    """Processes that hold a journal's lock until they are killed, one at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked, self._told = process.stdin, process.stdout

    @contextmanager
    def hold(self, path: Path, kind: str = "alone") -> Iterator[Callable[[], None]]:
        """A process that has locked the journal; gives a function that kills it, as the end of the block does."""
        print(kind, path, file=self._asked, flush=True)
        held, _, number = self._told.readline().strip().rpartition(" ")
        assert held == "held by"
        killed = False

        def kill() -> None:
            nonlocal killed
            if not killed:
                os.kill(int(number), signal.SIGKILL)
                assert self._told.readline() == "ended\n"
            killed = True

        try:
            yield kill
        finally:
            kill()


@pytest.fixture(scope="module")
def holders() -> Iterator[_Holders]:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield _Holders(process)


@pytest.mark.whole_run
def test_a_second_process_is_refused_until_the_first_is_killed(holders: _Holders, tmp_path: Path) -> None:
    path = tmp_path / "data" / "journal.jsonl"
    dataset = JournalDataset(filepath=str(path))
    dataset.lock()
    dataset.release()
    with holders.hold(path) as kill:
        with pytest.raises(JournalError, match=r"Another run is writing .*journal\.jsonl.*Next: wait"):
            dataset.lock()
        assert len(dataset.load()) == 0  # reading needs no lock
        kill()
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


@pytest.mark.whole_run
def test_a_run_that_ended_without_a_word_in_this_thread_shuts_nobody_out(holders: _Holders, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    interrupted, next_run = JournalDataset(filepath=str(path)), JournalDataset(filepath=str(path))
    interrupted.lock()
    next_run.lock()
    next_run.release()
    with holders.hold(path):  # nothing of either run is left
        pass


def test_releasing_what_is_not_held_does_nothing(tmp_path: Path) -> None:
    JournalDataset(filepath=str(tmp_path / "journal.jsonl")).release()


@pytest.mark.parametrize("link", ["symbolic", "hard", "folder"])
@pytest.mark.whole_run
def test_another_name_of_the_same_file_is_no_way_round_the_lock(holders: _Holders, link: str, tmp_path: Path) -> None:
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
    with holders.hold(path), pytest.raises(JournalError, match=r"Another run is writing .*theirs"):
        dataset.lock()
    dataset.lock()
    dataset.release()


@pytest.mark.whole_run
def test_a_lock_is_not_handed_to_processes_that_the_run_started(holders: _Holders, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with holders.hold(path, "with-children") as kill:
        kill()
        dataset = JournalDataset(filepath=str(path))  # the children are still there
        dataset.lock()
        dataset.release()


@pytest.mark.whole_run
def test_two_entries_of_one_file_are_one_open_journal(holders: _Holders, tmp_path: Path) -> None:
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
    with holders.hold(path):
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


@pytest.mark.whole_run
def test_a_journal_that_nobody_holds_on_to_is_free(holders: _Holders, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    JournalDataset(filepath=str(path)).lock()
    with holders.hold(path):
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
