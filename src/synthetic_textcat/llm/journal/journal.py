"""Journal reader: an in-memory index of fingerprints, with completions read from disk on demand."""

import logging
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from synthetic_textcat.errors import JournalError
from synthetic_textcat.file_errors import about_file, short_path
from synthetic_textcat.llm.journal.lines import (
    PADDING,
    LineError,
    completion_line,
    completion_of,
    is_whole,
    read_line,
    whole_lines,
)
from synthetic_textcat.schemas.completions import Completion

__all__ = ["Journal", "completion_line", "end_of_lines", "refuse_foreign"]

_FIRST_LINES = 10
"""Number of first lines of which at least one must be a completion, else the file belongs to another program."""

_NAMED_LINES = 5
_FIRST_BYTES = b'{"fingerprint":"'
"""The beginning of every line, in all versions."""

_BLOCK = 1 << 16

logger = logging.getLogger(__name__)


class Entry(NamedTuple):
    """Offset of one line, and the attempt that it records."""

    attempt: int
    offset: int


class Journal:
    """The index of a journal file: fingerprint → its entries, in the order of the file.

    An absent file is an empty journal. Lines without a valid completion do not count; one warning names the file and
    these lines, and their rows are asked again.

    Raises:
        JournalError: If the file belongs to another program, or can't be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[bytes, list[Entry]] = {}
        self._count = 0
        bad: list[tuple[int, str]] = []
        with _reading(path) as file:
            if file is None:
                return
            refuse_foreign(file, path)
            for number, offset, line in whole_lines(file):
                try:
                    record = read_line(line)
                except LineError as error:
                    bad.append((number, str(error)))
                    continue
                entry = Entry(record["attempt"], offset)
                self._entries.setdefault(bytes.fromhex(record["fingerprint"]), []).append(entry)
                self._count += 1
        if bad:
            _warn_of_bad_lines(_bad_lines(path, bad))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Completion]:
        """All completions in the order of the file: every paid call."""
        with _reading(self._path) as file:
            for _, _, line in whole_lines(file) if file is not None else ():
                try:
                    record = read_line(line)
                except LineError:  # reported when the index was built
                    continue
                yield completion_of(record)

    def completions(self, fingerprints: Iterable[str]) -> Iterator[list[Completion]]:
        """The completions of each fingerprint, by attempt, then by time; an empty list for none."""
        if not self._entries:
            yield from ([] for _ in fingerprints)
            return
        with _reading(self._path) as file:
            for fingerprint in fingerprints:
                entries = self._entries.get(bytes.fromhex(fingerprint), [])
                yield [self._read(file, entry.offset) for entry in sorted(entries)]

    def _read(self, file: IO[bytes] | None, offset: int) -> Completion:
        line = b""
        if file is not None:
            file.seek(offset)
            line = file.readline()
        try:
            return completion_of(read_line(line))
        except LineError as error:
            raise JournalError(
                f"{short_path(self._path)} was changed while it was being read ({error} at byte {offset}). "
                "Next: run the same command again, and don't change the file meanwhile"
            ) from None


def refuse_foreign(file: IO[bytes], path: Path) -> None:
    """Checks that a file is a journal before it is read, appended to or truncated.

    One damaged line among the first is accepted. Rewinds the file.

    Raises:
        JournalError: If none of the first lines is a completion.
    """
    first_number = 0
    file.seek(0)
    for number, _, line in islice(whole_lines(file), _FIRST_LINES):
        first_number = first_number or number
        if _is_ours(line):
            break
    else:
        file.seek(0)
        begin = file.read(len(_FIRST_BYTES)).strip(PADDING)
        if first_number or not _FIRST_BYTES.startswith(begin):
            raise JournalError(
                f"{short_path(path)}: line {first_number or 1} is not a completion of this project, so the file is not "
                "its journal; nothing was written. Next: move the file away, or fix or delete its first lines"
            )
    file.seek(0)


def end_of_lines(file: IO[bytes]) -> tuple[int, bool]:
    """Offset of the next line, past the last complete one, and whether a line break must be written first."""
    size = file.seek(0, 2)
    start = _after_last_break(file, size)
    file.seek(start)
    tail = file.read(size - start)
    if is_whole(tail):
        return start + len(tail.rstrip(PADDING)), True
    return start, False


def _after_last_break(file: IO[bytes], size: int) -> int:
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        if (found := file.read(end - start).rfind(b"\n")) >= 0:
            return start + found + 1
        end = start
    return 0


def _is_ours(line: bytes) -> bool:
    try:
        read_line(line)
    except LineError as error:
        return error.is_completion
    return True


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes] | None]:
    """The opened file; None if it does not exist.

    Raises:
        JournalError: If it exists and can't be read.
    """
    try:
        file = _opened(path)
        with file or nullcontext():
            yield file
    except OSError as error:
        raise JournalError(about_file(error, path, "read")) from error


def _opened(path: Path) -> IO[bytes] | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise JournalError(f"Can't read {short_path(path)}: it is not a regular file. Next: move it away")
        return path.open("rb")
    except FileNotFoundError:
        if path.is_symlink() and not path.resolve().parent.exists():
            raise  # a mount is missing, and with it the paid replies
        return None


def _bad_lines(path: Path, bad: list[tuple[int, str]]) -> str:
    named = ", ".join(f"{number} ({reason})" for number, reason in bad[:_NAMED_LINES])
    more = f" and {len(bad) - _NAMED_LINES:,} more" if len(bad) > _NAMED_LINES else ""
    return (
        f"{short_path(path)}: no valid completion in line {named}{more}; the next run asks again for rows whose answer "
        "was there. Nothing was deleted. Next: fix these lines to keep their answers"
    )


@cache
def _warn_of_bad_lines(line: str) -> None:
    """Warns once per process: a run reads its journal several times."""
    logger.warning("%s", line)
