"""File system errors as one line: the file, the cause, and the next step."""

import errno
import os
from pathlib import Path

from synthetic_textcat.temporary_files import TemporaryFileError
from synthetic_textcat.text.unicode import single_line

_MAKE_ROOM = "make room there"

_ELSEWHERE = "set the environment variable TMPDIR to a folder with more"

_NEXT_STEPS = {
    errno.EACCES: "give this user permission to read and write it",
    errno.EPERM: "give this user permission to read and write it",
    errno.EROFS: "mount the file system for writing, or name a path on another one in the catalog",
    errno.ENOSPC: _MAKE_ROOM,
    errno.EFBIG: f"{_MAKE_ROOM}, or raise the limit on a file's size (`ulimit -f`)",
    errno.EDQUOT: f"{_MAKE_ROOM}, or ask for a larger quota",
    errno.EIO: "check the disk or the mount, since the device itself reports an error",
    errno.ESTALE: "mount the network file system again",
    errno.EISDIR: "move the folder away, or name another path in the catalog",
    errno.ENOTDIR: "move the file away that stands where its path needs a folder",
    errno.EEXIST: "move away what stands where its path needs a folder, or fix the link that points nowhere",
    errno.ELOOP: "fix the symbolic link, which leads back to itself",
    errno.ENOENT: "restore it, or run the pipeline that writes it",
    errno.EMFILE: "raise the limit on open files (`ulimit -n`), or lower generation.max_concurrency",
    errno.ENFILE: "close other programs, since the whole system has too many files open",
    errno.ENAMETOOLONG: "name a shorter path in the catalog",
}

_ANY_OTHER = "check whether the disk, the mount or the server that it names can be reached"


def about_file(error: OSError, path: object = "", verb: str = "read or write") -> str:
    """Message for a file system error: the file and the cause, then the next step.

    Args:
        error: The error. Libraries change its message, so its number takes precedence.
        path: The file as named in the catalog; empty if unknown.
        verb: The operation that failed.
    """
    if isinstance(error, TemporaryFileError):
        said = os.strerror(error.errno or 0)
        return f"Can't write temporary files in {error.filename}: {said}. Next: {_MAKE_ROOM}, or {_ELSEWHERE}"
    number = _number_of(error)
    said = os.strerror(number) if number else single_line(error)
    where = short_path(path) if path else "a file"
    return f"Can't {verb} {where}: {said}. Next: {_NEXT_STEPS.get(number, _ANY_OTHER)}"


def _number_of(error: OSError) -> int:
    """The errno; 0 if there is none, or if a library's subclass uses its own numbers (ssl, DNS)."""
    return error.errno or 0 if type(error).__module__ == OSError.__module__ else 0


def short_path(path: object) -> str:
    """The path relative to the working directory, if it lies within it."""
    try:
        return str(Path(str(path)).relative_to(Path.cwd()))
    except (ValueError, OSError):  # OSError: that folder is gone
        return str(path)
