"""Journal reader: an in-memory index of fingerprints, with completions read from disk on demand."""

import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.errors import JournalError
from synthetic_textcat.file_errors import about_file, short_path
from synthetic_textcat.llm.journal.lines import (
    PADDING,
    Columns,
    LineError,
    columns_of,
    completion_line,
    completion_of,
    digests_of,
    is_whole,
    read_columns,
    read_line,
    whole_lines,
)
from synthetic_textcat.schemas.completions import Completion

__all__ = ["Journal", "LineBatch", "completion_line", "end_of_lines", "refuse_foreign"]

_FIRST_LINES = 10
"""Number of first lines of which at least one must be a completion, else the file belongs to another program."""

_NAMED_LINES = 5
_FIRST_BYTES = b'{"fingerprint":"'
"""The beginning of every line, in all versions."""

_BLOCK = 1 << 16
_LINES_AT_ONCE = 256
"""Lines read together, so few that they stay in the cache of a core: 2,000 take twice the time a line."""

_LOOKED_UP_AT_ONCE = 1_000

logger = logging.getLogger(__name__)


class LineBatch(NamedTuple):
    """Valid lines of a journal.

    Attributes:
        offsets, sizes: Place of each line in the file, in bytes.
        columns: Fields of the completions; texts as journalled, secrets of older versions not masked.
    """

    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    columns: Columns

    def __len__(self) -> int:
        return len(self.offsets)

    def completion(self, line: int) -> Completion:
        """The completion of one of the lines."""
        return completion_of({field: values[line] for field, values in self.columns.items()})


class _Index(NamedTuple):
    """Fingerprints of all lines, sorted, by attempt, then by time, with the offset of each line: 48 bytes a line."""

    digests: NDArray[np.bytes_]
    attempts: NDArray[np.int64]
    offsets: NDArray[np.int64]


class Journal:
    """A journal file: its lines in their order, and those of given fingerprints by an index, built on first use.

    An absent file is an empty journal. Lines without a valid completion do not count; one warning names the file and
    these lines, and their rows are asked again. Each method that reads raises a `JournalError` if the file belongs to
    another program, or can't be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened_at = _changes(_state_of(path))

    def __len__(self) -> int:
        return len(self._index.offsets)

    def __iter__(self) -> Iterator[Completion]:
        """All completions in the order of the file: every paid call."""
        for lines in self.batches():
            yield from map(lines.completion, range(len(lines)))

    @property
    def is_outdated(self) -> bool:
        """Whether the file has changed since the journal was opened."""
        return _changes(_state_of(self._path)) != self._opened_at

    @property
    def size(self) -> int:
        """Size of the file now, in bytes; 0 if it does not exist."""
        state = _state_of(self._path)
        return 0 if state is None else state.st_size

    def batches(self, start: int = 0) -> Iterator[LineBatch]:
        """The valid lines in the order of the file, some thousands at once.

        Args:
            start: Offset behind the lines to leave out.
        """
        bad: list[tuple[int, str]] = []
        with _reading(self._path) as file:
            if file is None:
                return
            refuse_foreign(file, self._path)
            file.seek(start)
            offset, number = start, 1
            while part := list(islice(file, _LINES_AT_ONCE)):
                yield _valid(part, offset, number, bad)
                offset, number = offset + sum(map(len, part)), number + len(part)
            if bad:
                _warn_of_bad_lines(_bad_lines(self._path, bad, _breaks_before(file, start)))

    def completions(self, fingerprints: Iterable[str]) -> Iterator[list[Completion]]:
        """The completions of each fingerprint, by attempt, then by time; an empty list for none."""
        if not len(self):
            yield from ([] for _ in fingerprints)
            return
        digests, _, offsets = self._index
        wanted = iter(fingerprints)
        with _reading(self._path) as file:
            while part := list(islice(wanted, _LOOKED_UP_AT_ONCE)):
                keys = digests_of(part)
                begins, ends = np.searchsorted(digests, keys, "left"), np.searchsorted(digests, keys, "right")
                for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
                    yield [self._read(file, offset) for offset in offsets[begin:end].tolist()]

    def at(self, offsets: Sequence[int]) -> list[Completion]:
        """The completions of the lines that begin there, without the index."""
        with _reading(self._path) as file:
            return [self._read(file, offset) for offset in offsets]

    @cached_property
    def _index(self) -> _Index:
        digests: list[NDArray[np.bytes_]] = []
        attempts: list[NDArray[np.int64]] = []
        offsets: list[NDArray[np.int64]] = []
        for lines in self.batches():
            digests.append(digests_of(lines.columns["fingerprint"]))
            attempts.append(np.array(lines.columns["attempt"], np.int64))
            offsets.append(lines.offsets)
        if not digests:
            return _Index(digests_of(()), np.empty(0, np.int64), np.empty(0, np.int64))
        found = _Index(np.concatenate(digests), np.concatenate(attempts), np.concatenate(offsets))
        order = np.lexsort((found.offsets, found.attempts, found.digests))
        return _Index(found.digests[order], found.attempts[order], found.offsets[order])

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


def _valid(lines: Sequence[bytes], offset: int, first: int, bad: list[tuple[int, str]]) -> LineBatch:
    """The valid ones of successive lines; the others are added to `bad`, each by number, with what is wrong.

    Args:
        lines: The lines.
        offset: Offset of the first in the file, in bytes.
        first: Its number.
        bad: Numbers of the lines without a valid completion, and why.
    """
    columns = read_columns(lines)
    if columns is not None:
        sizes = np.array(list(map(len, lines)), np.int64)
        return LineBatch(offset + np.cumsum(sizes) - sizes, sizes, columns)
    places, records = [], []
    for number, begin, line in whole_lines(lines, offset, first):
        try:
            records.append(read_line(line))
        except LineError as error:
            bad.append((number, str(error)))
        else:
            places.append((begin, len(line)))
    offsets, sizes = np.array(places, np.int64).reshape(-1, 2).T
    return LineBatch(offsets, sizes, columns_of(records))


def _state_of(path: Path) -> os.stat_result | None:
    """Status of a file; None if there is none that can be looked at."""
    try:
        return path.stat()
    except OSError:
        return None


def _changes(state: os.stat_result | None) -> tuple[int, ...]:
    """Device, inode, size and time of the last change: what differs once a file is written or replaced."""
    return () if state is None else (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


def _breaks_before(file: IO[bytes], end: int) -> int:
    """Number of line breaks before an offset."""
    file.seek(0)
    return sum(file.read(min(_BLOCK, end - place)).count(b"\n") for place in range(0, end, _BLOCK))


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


def _bad_lines(path: Path, bad: list[tuple[int, str]], lines_before: int) -> str:
    named = ", ".join(f"{lines_before + number} ({reason})" for number, reason in bad[:_NAMED_LINES])
    more = f" and {len(bad) - _NAMED_LINES:,} more" if len(bad) > _NAMED_LINES else ""
    return (
        f"{short_path(path)}: no valid completion in line {named}{more}; the next run asks again for rows whose answer "
        "was there. Nothing was deleted. Next: fix these lines to keep their answers"
    )


@cache
def _warn_of_bad_lines(line: str) -> None:
    """Warns once per process: a run reads its journal several times."""
    logger.warning("%s", line)
