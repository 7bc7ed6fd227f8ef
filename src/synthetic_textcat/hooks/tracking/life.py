"""Whether the process of a run lives: it holds a lock that the system frees when it ends, in whatever way."""

import re
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_TAG = "process.lock"
"""Tag of a run: the name of its lock."""

_INODE_TAG = "process.lock_inode"
"""Tag of a run: the number of its lock's file. A copy of the file, in a copied project, has another one."""

_NAME = re.compile(r"textcat-[0-9a-f]{32}")


def take_lock(folder: Path) -> tuple[FileLock | None, dict[str, str]]:
    """A lock of a new name, held, and the tags that tell of it; neither where it can't be written."""
    name = f"textcat-{secrets.token_hex(16)}"
    lock = _lock(folder, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
        inode = Path(lock.lock_file).stat().st_ino
    except (OSError, NotImplementedError, Timeout):  # some network disks know no locks
        return None, {}
    return lock, {LOCK_TAG: name, _INODE_TAG: str(inode)}


def lock_left_behind(folder: Path, tags: Mapping[str, str]) -> FileLock | None:
    """The lock of a run whose process is certainly gone, now held by us; else None.

    Not certain: a run of another machine, one whose lock is not there (another container, a cleared folder) or is a
    copy (then the run may go on in the project that was copied), and one that had none.
    """
    name, host = tags.get(LOCK_TAG, ""), tags.get("process", "").rpartition(":")[0]
    if not _NAME.fullmatch(name) or host != socket.gethostname():
        return None
    lock = _lock(folder, name)
    try:
        inode = str(Path(lock.lock_file).stat().st_ino)
        if inode != tags.get(_INODE_TAG, inode):
            return None
        lock.acquire(blocking=False)
    except (OSError, NotImplementedError, Timeout):
        return None
    return lock


def drop_lock(lock: FileLock) -> None:
    """Frees the lock and removes its file."""
    with suppress(OSError):  # Windows removes no open file
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _lock(folder: Path, name: str) -> FileLock:
    return FileLock(folder / f"{name}.lock", thread_local=False)  # taken in one thread, freed in another
