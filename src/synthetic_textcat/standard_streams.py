"""Standard streams and log records: output errors never end a run, and secrets are redacted.

A closed pipe or descriptor, a full disk or a dead terminal must not end a run: paid work continues without output.
This happens below Python's buffers, so that it covers every writer: print, click, rich, logging, warnings and the
interpreter at exit. Everything that Kedro and libraries print or log is redacted.
"""

import errno
import io
import logging
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import click

from synthetic_textcat.console import shown, shown_line
from synthetic_textcat.redaction import redact
from synthetic_textcat.text.unicode import is_invisible

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
_WHY = {
    errno.EPIPE: "its reader has ended",
    errno.EIO: "its terminal is gone",
    errno.ENOSPC: "its disk is full",
    errno.EDQUOT: "its disk quota is used up",
}

_STEERING = frozenset("\n\r\t\b\x1b")
"""Control characters that rich and click need; `console` and the log records replace them in foreign text."""

_CONTINUED = "\n    "
"""Further lines of a record are indented, so that none can pass for a record of its own."""

_FORMATTER = logging.Formatter()


class _DroppingFile(io.FileIO):
    """Raw file of a standard stream that drops output it can't write, and reports that once on the other stream."""

    def __init__(self, number: int, other: int) -> None:
        super().__init__(number, "w", closefd=False)
        self._other = other
        self._is_reported = False

    def write(self, data: Any) -> int:
        """Writes the data; on failure, counts it as written."""
        try:
            written = super().write(data)
        except OSError as error:
            self._report_once(error)
            written = None
        return memoryview(data).nbytes if written is None else written

    def _report_once(self, error: OSError) -> None:
        if self._is_reported:
            return
        self._is_reported = True
        name = _STREAMS[self.fileno()][0]
        why = _WHY.get(error.errno or 0, error.strerror or "it can't be written")
        line = f"{name} can't be written ({why}): the run continues without it. Ctrl-C saves everything and stops.\n"
        with suppress(OSError):
            os.write(self._other, line.encode())


def keep_streams_writable() -> None:
    """Makes printing never raise. Streams that a notebook or a test installed are left alone."""
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
    """Opens the null device for each stream that is closed when the process starts (`kedro run >&-`).

    Python sets a closed stream to None, which logging does not expect. And the next file to be opened would get its
    descriptor: output of a library or a child process would then go into that file, which may be the journal.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the system gives it the lowest free number
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  open until the process ends


class SafeStream:
    """Wrapper of a text stream that masks secrets in everything written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: Any) -> int:
        """Writes the text without secrets and without control characters, except those used for drawing."""
        if not isinstance(text, str):
            return self._stream.write(text)  # raises the stream's own error
        safe = redact(text)
        if not (safe.isascii() and safe.isprintable()):
            safe = "".join("\ufffd" if is_invisible(each) and each not in _STEERING else each for each in safe)
        self._stream.write(safe)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Writes each line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def redact_streams() -> None:
    """Redacts everything printed from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, SafeStream):
            setattr(sys, name, SafeStream(stream))


class SafeLogRecord(logging.LogRecord):
    """Log record whose message and traceback contain no secrets and no control characters.

    It is cleaned on creation, so that any handler works. A traceback is formatted at once: rich's shows the values of
    local variables, broken over lines and coloured, so that no handler could redact them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clean_message()
        if isinstance(self.exc_info, tuple) and self.exc_info[0] is not None:
            self.exc_text = shown(_FORMATTER.formatException(self.exc_info))
        self.exc_info = None
        if self.stack_info:
            self.stack_info = shown(self.stack_info)

    @property
    def markup(self) -> bool:
        """Whether Kedro's handler reads `[…]` as styles: in its own coloured lines, never in foreign text."""
        return bool(self.args) and self.name.startswith("kedro") and hasattr(self, "rich_format")

    def _clean_message(self) -> None:
        try:
            said = self.getMessage()
        except (TypeError, ValueError, KeyError):  # a wrong format: logging would print the arguments
            said = f"{self.msg} {self.args}"
            self.args = ()
        is_ours = str(self.name).startswith(f"{__package__}.")  # a record from another process has no name yet
        clean = shown_line(said) if is_ours else shown(said).replace("\n", _CONTINUED)
        if clean != said or not self.args:
            self.msg, self.args = clean, ()


def redact_logs() -> None:
    """Uses `SafeLogRecord` for all records of this process, and redacts uncaught exceptions."""
    logging.setLogRecordFactory(SafeLogRecord)
    sys.excepthook = _print_error


def _print_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    click.echo(shown("".join(traceback.format_exception(kind, error, trace))), err=True)
