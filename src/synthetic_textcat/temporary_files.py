"""Temporary files for data that must not fill the memory: folders of files, and numpy arrays and texts in single files.

Single files have no name, so that they go with the process, whichever way it ends. They are read by slices: pages of a
memory map would count as memory of the process. A folder is locked while it is in use: after a kill the next process
removes it.
"""

import errno
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

_PREFIX = "synthetic-textcat-"
_LOCK = "lock"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_LARGE_TEMPORARY = Path("/var/tmp")  # noqa: S108  for large temporary files: /tmp is often held in memory
_IN_MEMORY = 1 << 16  # bytes of a file that is not written yet, since most runs have few rows
_NEAR = 1 << 13  # bytes that are read to get at the next row wanted, as a further read takes as long
_MOST_READ = 1 << 20  # bytes that are read at once with rows that are not wanted


def temporary_folder() -> str | None:
    """Folder for large temporary files: `TMPDIR` if that is set, else `/var/tmp`; None for Python's choice."""
    if os.environ.get("TMPDIR") or not (_LARGE_TEMPORARY.is_dir() and os.access(_LARGE_TEMPORARY, os.W_OK)):
        return None
    return str(_LARGE_TEMPORARY)


def large_files_folder() -> Path:
    """Folder for large temporary files (`temporary_folder`), Python's choice included."""
    return Path(temporary_folder() or tempfile.gettempdir())


class TemporaryFileError(OSError):
    """No room for a temporary file; `filename` is its folder."""


@contextmanager
def temporary_errors() -> Iterator[None]:
    """Names the folder for large temporary files if it is full: the name of a file there means nothing to the user.

    Raises:
        TemporaryFileError: In the place of the error of a full disk or quota.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL or isinstance(error, TemporaryFileError):
            raise
        raise TemporaryFileError(error.errno, os.strerror(error.errno), str(large_files_folder())) from error


class TemporaryFolder:
    """A folder for large temporary files, which goes with the object.

    Of a process that was killed the folder stays, until the next process makes one in the same place: a lock shows
    whether a process uses it.

    Args:
        parent: Where it is made, with the same permissions; None for the folder for large temporary files.
    """

    PREFIX = _PREFIX
    """Beginning of the names of such folders."""

    def __init__(self, parent: Path | None = None) -> None:
        is_shared = parent is not None
        parent = parent or large_files_folder()
        _remove_leftovers(parent)
        with temporary_errors():
            folder, lock = _locked_folder(parent)
            self._end = weakref.finalize(self, _remove, folder, lock)
            self.path = folder / "files"
            self.path.mkdir()
            if is_shared:
                with suppress(OSError):  # of a mount without modes, such as SMB
                    shutil.copymode(parent, folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()


def _locked_folder(parent: Path) -> tuple[Path, int]:
    """A new folder and the descriptor of its locked file; another one if a process takes it for a leftover."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        with suppress(OSError):  # a file system without locks: no process can tell a leftover there
            _take_lock(lock)
        if (folder / _LOCK).exists():
            return folder, lock
        os.close(lock)


@cache
def _remove_leftovers(parent: Path) -> None:
    """Removes folders of processes that have ended without doing so; once a process."""
    for path in parent.glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError), path.open("rb+") as lock:  # another user's, just removed, or without locks
            if _take_lock(lock.fileno()):
                shutil.rmtree(path.parent, ignore_errors=True)


def _take_lock(descriptor: int) -> bool:
    """Locks a file unless another process has it. Few commands need a folder, and filelock loads asyncio."""
    from filelock import lock_descriptor

    return lock_descriptor(descriptor, blocking=False)


def _remove(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


class ArrayFile:
    """An array in a temporary file: rows are added at its end, and read by position; by any threads at once.

    Args:
        dtype: Of its numbers.
        width: Numbers in a row; with 1 the array has one dimension.
    """

    def __init__(self, dtype: DTypeLike, width: int = 1) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115  lives as long as this
            _IN_MEMORY, buffering=0, dir=temporary_folder()
        )
        weakref.finalize(self, self._file.close)
        self._dtype = np.dtype(dtype)
        self._shape = (width,) if width > 1 else ()
        self._row_bytes = self._dtype.itemsize * width
        self._rows = 0
        self._position = Lock()
        """Held from a seek to the end of what is read or written there: a table is walked by a thread ahead of its
        reader (`tables.row_table.read_ahead`), and Windows has no `os.pread`."""

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    def add(self, rows: NDArray[Any]) -> None:
        """Adds rows at the end."""
        data = np.ascontiguousarray(rows, self._dtype).data.cast("B") if rows.size else memoryview(b"")
        with self._position, temporary_errors():
            self._file.seek(self._rows * self._row_bytes)
            while data:
                data = data[self._file.write(data) :]
            self._rows += len(rows)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The rows from `start` to before `stop`."""
        rows = np.empty((min(stop, self._rows) - start, *self._shape), self._dtype)
        left = rows.data.cast("B") if rows.size else memoryview(b"")
        with self._position:
            self._file.seek(start * self._row_bytes)
            while left:
                left = left[self._file.readinto(left) :]
        return rows

    def at(self, places: NDArray[np.intp]) -> NDArray[Any]:
        """The rows at some positions, ascending."""
        rows = np.empty((len(places), *self._shape), self._dtype)
        near, most = max(1, _NEAR // self._row_bytes), max(1, _MOST_READ // self._row_bytes)
        is_end = (np.diff(places) > near) | (np.diff(places // most) > 0)
        ends = np.append(np.flatnonzero(is_end) + 1, len(places)).tolist() if len(places) else []
        begun = 0
        for end in ends:
            first, last = int(places[begun]), int(places[end - 1])
            rows[begun:end] = self.read(first, last + 1)[places[begun:end] - first]
            begun = end
        return rows


class TextFile:
    """Texts in a temporary file: added at its end, and read by position."""

    def __init__(self) -> None:
        self._bytes = ArrayFile(np.uint8)
        self._ends = ArrayFile(np.int64)

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._ends)

    def add(self, texts: Sequence[str]) -> None:
        """Adds texts at the end."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        ends = np.cumsum([len(text) for text in encoded], dtype=np.int64) + len(self._bytes)
        self._bytes.add(np.frombuffer(b"".join(encoded), np.uint8))
        self._ends.add(ends)

    def __getitem__(self, place: int) -> str:
        """The text at a position."""
        return next(self._texts(place, place + 1))

    def at(self, places: NDArray[np.int64]) -> Iterator[str]:
        """The texts at some positions, ascending; neighbours are read together."""
        for run in np.split(places, np.flatnonzero(np.diff(places) != 1) + 1) if len(places) else ():
            yield from self._texts(int(run[0]), int(run[-1]) + 1)

    def _texts(self, start: int, stop: int) -> Iterator[str]:
        ends = self._ends.read(max(0, start - 1), stop).tolist()
        bounds = ends if start else [0, *ends]
        data = self._bytes.read(bounds[0], bounds[-1]).tobytes()
        for begin, end in pairwise(bounds):
            yield data[begin - bounds[0] : end - bounds[0]].decode("utf-8", "surrogatepass")
