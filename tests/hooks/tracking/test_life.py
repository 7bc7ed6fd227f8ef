"""A lock that tells whether the process of a run lives."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from synthetic_textcat.hooks.tracking.life import LOCK_TAG, drop_lock, lock_left_behind, take_lock

_PROCESS = {"process": f"{socket.gethostname()}:{os.getpid()}"}
_HOLD = """
import sys, time
from pathlib import Path
from synthetic_textcat.hooks.tracking.life import take_lock
lock, tags = take_lock(Path(sys.argv[1]))
print(*tags.values(), flush=True)
time.sleep(600)
"""


def test_a_process_that_lives_keeps_its_lock_and_a_killed_one_leaves_it_behind(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        tags = _PROCESS | {LOCK_TAG: process.stdout.readline().split()[0]}
        assert lock_left_behind(tmp_path, tags) is None
        process.send_signal(signal.SIGKILL)

    lock = lock_left_behind(tmp_path, tags)

    assert lock is not None
    assert lock_left_behind(tmp_path, tags) is None  # it is held by the one who found it
    drop_lock(lock)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_certain_counts_as_alive(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    lock, tags = take_lock(folder)
    assert lock is not None
    lock.release()  # as a kill would
    (tmp_path / "outside.lock").touch()

    for doubtful in (
        {},
        tags,
        tags | {"process": "another-machine:1"},
        _PROCESS,
        _PROCESS | {LOCK_TAG: "textcat-" + "0" * 32},
        _PROCESS | {LOCK_TAG: "../outside"},
    ):
        assert lock_left_behind(folder, doubtful) is None
    assert [path.name for path in folder.iterdir()] == [f"{tags[LOCK_TAG]}.lock"]
    left = lock_left_behind(folder, _PROCESS | tags)
    assert left is not None
    drop_lock(left)


def test_a_lock_taken_in_one_thread_is_freed_in_another(tmp_path: Path) -> None:
    taken = []
    thread = threading.Thread(target=lambda: taken.append(take_lock(tmp_path)))
    thread.start()
    thread.join()
    ((lock, tags),) = taken
    assert lock is not None
    assert lock_left_behind(tmp_path, _PROCESS | tags) is None

    drop_lock(lock)

    assert not lock.is_locked
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written_means_no_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert take_lock(tmp_path / "file") == (None, {})
