"""Standard streams that never end a run: a reader that has gone, a closed descriptor, a full disk, a dead terminal.

Paid work goes on without its output. This is done beneath Python's own buffers, so that it holds for whatever writes:
print, click, rich, logging, warnings and the interpreter at its exit.
"""

import errno
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
_WHY = {
    errno.EPIPE: "whatever read it has ended",
    errno.EIO: "its terminal is gone",
    errno.ENOSPC: "its disk is full",
    errno.EDQUOT: "its disk quota is used up",
}


class _DroppingFile(io.FileIO):
    """A standard stream's raw file: what can't be written is dropped, and the other stream says so once."""

    def __init__(self, number: int, other: int) -> None:
        super().__init__(number, "w", closefd=False)
        self._other = other
        self._is_told = False

    def write(self, data: Any) -> int:
        """Writes; takes all for written where that fails."""
        try:
            written = super().write(data)
        except OSError as error:
            self._tell(error)
            written = None
        return memoryview(data).nbytes if written is None else written

    def _tell(self, error: OSError) -> None:
        if self._is_told:
            return
        self._is_told = True
        name = _STREAMS[self.fileno()][0]
        why = _WHY.get(error.errno or 0, error.strerror or "it can't be written")
        line = f"{name} can't be written ({why}): the run goes on without it. Ctrl-C ends the run with all saved.\n"
        with suppress(OSError):
            os.write(self._other, line.encode())


def keep_streams_writable() -> None:
    """Makes sure that printing never raises. Streams that a notebook or a test put in place stay as they are."""
    _reopen_closed()
    for name, number, other in (("stdout", 1, 2), ("stderr", 2, 1)):
        stream = getattr(sys, name)
        is_plain = stream is getattr(sys, f"__{name}__") and isinstance(stream, io.TextIOWrapper)
        if not is_plain or stream.closed or stream.fileno() != number or isinstance(_raw(stream), _DroppingFile):
            continue
        with suppress(OSError, ValueError):
            stream.flush()
        is_terminal = stream.isatty()
        dropping = io.TextIOWrapper(
            io.BufferedWriter(_DroppingFile(number, other)),
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering or is_terminal,
            write_through=stream.write_through,
        )
        setattr(sys, name, dropping)
        setattr(sys, f"__{name}__", dropping)


def _raw(stream: io.TextIOWrapper) -> object:
    return getattr(stream.buffer, "raw", None)


def _reopen_closed() -> None:
    """Opens the null device in place of each stream that is closed when the process starts (`kedro run >&-`).

    A closed one is None in Python, which logging does not expect. And the next file that is opened would get its
    number: what a library or a child process prints would then go into that file, which may be the journal.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the system gives it the lowest free number
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  for as long as we live
