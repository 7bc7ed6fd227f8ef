"""A journal opened for appending: one exclusive writer, proven writable before anything is paid for.

The lock is an advisory lock of the operating system on the opened file itself. So it goes by device and inode: a
symbolic or hard link to one file is no way round it, and a killed process gives it back.
"""

import errno
import os
import stat
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from filelock import lock_descriptor, unlock_descriptor

from synthetic_textcat.errors import JournalError
from synthetic_textcat.file_errors import about_file, short_path
from synthetic_textcat.llm.journal.journal_files import end_of_lines, refuse_foreign

_PROOF_BYTES = 1 << 16
"""Bytes written as a proof and removed again: room for some 60 answers, twice as many as are in flight by default."""

_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
_TRIES = 5
_HELD = "synthetic_textcat_journals"

Identity = tuple[int, int]
"""Device and inode."""

Refusal = Callable[[IO[bytes], Path], None]
"""From an opened file and its path: raises an error if the file belongs to another program."""

_open_files: "weakref.WeakSet[JournalFile]" = weakref.WeakSet()


class JournalFile:
    """An open, locked, writable journal. It is made by `opened`, and belongs to the thread that made it.

    Attributes:
        path: The file as the catalog names it.
    """

    def __init__(self, path: Path, refuse: Refusal = refuse_foreign) -> None:
        self.path = path
        self._refuse = refuse
        self._descriptor, self._is_new = _open(path)
        self._locked = _to_be_locked(path, self._descriptor)
        self._close = weakref.finalize(self, _close, {self._descriptor, self._locked})
        self._owner = weakref.ref(threading.current_thread())
        self._begins_line = False
        _open_files.add(self)

    @classmethod
    def opened(cls, path: Path, refuse: Refusal = refuse_foreign) -> "JournalFile":
        """The journal of this path, ready to be appended to: opened now, or by an earlier run in this thread.

        An earlier run: in a notebook Kedro reports an interrupt to no hook, so a run may end without letting go. Its
        thread is free again, so it is over. Kept on the thread, the file is found again even when `%reload_kedro` has
        dropped all our modules. Other threads stay out.

        Args:
            path: The file as the catalog names it.
            refuse: Raises an error if the file belongs to another program.

        Raises:
            JournalError: If it can't be written, can't be locked, or is another program's file.
        """
        if (held := cls.held(path)) is not None:
            return held
        for _ in range(_TRIES):
            file = cls(path, refuse)
            try:
                file._lock()
                if file._is_in_place():
                    file._prove()
                    _held_by_thread()[file.identity] = file
                    return file
            except BaseException:
                file.close()
                raise
            file.close()  # another run has removed or replaced it between opening and locking
        raise JournalError(f"{short_path(path)} is replaced again and again. Next: stop what does so")

    @staticmethod
    def held(path: Path) -> "JournalFile | None":
        """The journal of this path, if this thread has it open already under any name."""
        with suppress(OSError):
            found = _held_by_thread().get(_identity(path.stat()))
            return found if found is not None and found.is_open else None
        return None

    @property
    def identity(self) -> Identity:
        """Identity of the file, the same for all paths that lead to it."""
        return _identity(os.fstat(self._descriptor))

    @property
    def is_open(self) -> bool:
        """Whether it can still be appended to."""
        return self._close.alive

    @property
    def may_be_closed(self) -> bool:
        """Whether the file belongs to this thread, or to none any more."""
        owner = self._owner()
        return owner in (None, threading.current_thread()) or not owner.is_alive()

    def append(self, lines: bytes) -> None:
        """Appends lines and waits until they are on disk.

        Raises:
            JournalError: If the disk takes no more; what was on it before stays whole. Or, with the lines in the file,
                if that file is no longer where the catalog says.
        """
        try:
            if not self._begins_line:
                self._fix_end()
            _write(self._descriptor, lines)
            os.fsync(self._descriptor)
        except OSError as error:
            self._begins_line = False
            raise JournalError(
                f"{about_file(error, self.path, 'write')}; then run the same command again: what is on disk is not "
                "asked again"
            ) from error
        if not self._is_in_place():
            raise JournalError(
                f"{short_path(self.path)} was moved, deleted or replaced while this run was writing it, and another "
                "run could pay for the same answers. Next: put the file that was moved back in its place, then run the "
                "same command again"
            )

    def close(self) -> None:
        """Lets others write. A new journal that got no line is removed, as if it had never been opened."""
        if not self.is_open:
            return
        with suppress(OSError):
            if self._is_new and os.fstat(self._descriptor).st_size == 0 and self._is_in_place():
                self.path.unlink()
        with suppress(OSError):
            unlock_descriptor(self._locked)
        self._close()

    def close_in_child(self) -> None:
        """Drops the copy of the descriptor that a forked process has, which would hold the lock after a kill."""
        self._close()

    def _lock(self) -> None:
        try:
            if lock_descriptor(self._locked, blocking=False):
                return
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise JournalError(about_file(error, self.path, "lock")) from error
            raise JournalError(
                f"Can't lock {short_path(self.path)}: {os.strerror(error.errno or 0)}. Its file system has no locks, "
                "and two runs at once would ask, and pay, twice. Next: mount it with locks, or put the journal on a "
                "local disk by the filepath of its entries in the catalog"
            ) from error
        real = self.path.resolve()
        raise JournalError(
            f"Another run is writing {short_path(self.path)}"
            f"{f' ({real})' if real != self.path.absolute() else ''}: two at once would ask, and pay, twice. "
            "Next: wait until it ends, or stop it"
        )

    def _prove(self) -> None:
        """Proves the file writable by a write that is undone: a full disk shows now, not at the first answer.

        Raises:
            JournalError: If that fails, or if the file is another program's.
        """
        try:
            size = os.fstat(self._descriptor).st_size
            with open(self._descriptor, "rb", closefd=False) as file:
                self._refuse(file, self.path)
            try:
                _write(self._descriptor, bytes(_PROOF_BYTES))
                os.fsync(self._descriptor)
            finally:
                os.ftruncate(self._descriptor, size)
            os.fsync(self._descriptor)
        except OSError as error:
            raise JournalError(about_file(error, self.path, "write")) from error

    def _fix_end(self) -> None:
        """Cuts off a last line that a crash left torn, or adds the line break that a whole one lacks."""
        with open(self._descriptor, "rb", closefd=False) as file:
            end, break_is_due = end_of_lines(file)
        os.ftruncate(self._descriptor, end)
        if break_is_due:
            _write(self._descriptor, b"\n")
        self._begins_line = True

    def _is_in_place(self) -> bool:
        try:
            return _identity(self.path.stat()) == self.identity
        except OSError:
            return False


def _open(path: Path) -> tuple[int, bool]:
    """Descriptor, and whether the file is new.

    Raises:
        JournalError: If it can't be opened for writing.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(path, flags | os.O_EXCL, 0o666), True
        except FileExistsError:
            descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        raise JournalError(about_file(error, path, "write")) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise JournalError(f"Can't write {short_path(path)}: it is not a regular file. Next: move it away")
    return descriptor, False


def _to_be_locked(path: Path, descriptor: int) -> int:
    """The journal's own descriptor; on Windows, whose locks shut out readers too, that of a file next to it."""
    if sys.platform == "win32":
        return os.open(f"{path.resolve()}.lock", os.O_RDWR | os.O_CREAT)
    return descriptor


def _close(descriptors: set[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _held_by_thread() -> "weakref.WeakValueDictionary[Identity, JournalFile]":
    mine = threading.current_thread().__dict__
    held: weakref.WeakValueDictionary[Identity, JournalFile] = mine.setdefault(_HELD, weakref.WeakValueDictionary())
    return held


def _close_all_in_child() -> None:
    for file in list(_open_files):
        file.close_in_child()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_close_all_in_child)
