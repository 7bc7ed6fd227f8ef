"""Journal reader: an in-memory index of fingerprints, with completions read from disk on demand."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.errors import JournalError
from synthetic_textcat.file_errors import short_path
from synthetic_textcat.llm.journal.journal_files import lines_before, reading, refuse_foreign, time_of_first_line
from synthetic_textcat.llm.journal.lines import (
    Columns,
    LineError,
    columns_of,
    completion_line,
    completion_of,
    digests_of,
    read_columns,
    read_line,
    whole_lines,
)
from synthetic_textcat.schemas.completions import Completion

__all__ = ["Journal", "LineBatch", "Place", "completion_line"]

_NAMED_LINES = 5
_LINES_AT_ONCE = 256
"""Lines read together, so few that they stay in the cache of a core: 2,000 take twice the time a line."""

_FEW_LINES = 8
"""Lines among which a bad one is looked for by reading each."""

_LOOKED_UP_AT_ONCE = 1_000
_LATEST_ATTEMPT = 2**31 - 1
_MOST_OPEN = 64
"""Files that are open at a time."""

Place = tuple[str, int]
"""Place of a line: name of the file, and offset in it in bytes."""

logger = logging.getLogger(__name__)


class LineBatch(NamedTuple):
    """Valid lines of a journal.

    Attributes:
        file: Name of their file.
        offsets, sizes: Place of each line in the file, in bytes.
        columns: Fields of the completions; texts as journalled, secrets of older versions not masked.
    """

    file: str
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    columns: Columns

    def __len__(self) -> int:
        return len(self.offsets)

    def completion(self, line: int) -> Completion:
        """The completion of one of the lines."""
        return completion_of({field: values[line] for field, values in self.columns.items()})


class _Index(NamedTuple):
    """The first eight bytes of all lines' fingerprints, sorted, by attempt, then by time: 24 bytes a line.

    The line itself, which is read anyway, has the other bytes. Files are numbers, in the order of their first lines.
    """

    begins: NDArray[np.uint64]
    attempts: NDArray[np.int32]
    files: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, lines: LineBatch, file: int) -> "_Index":
        """Entries of lines of a file, unsorted."""
        attempts = [min(attempt, _LATEST_ATTEMPT) for attempt in lines.columns["attempt"]]
        return cls(
            _begins_of(digests_of(lines.columns["fingerprint"])),
            np.array(attempts, np.int32),
            np.full(len(lines), file, np.int32),
            lines.offsets,
        )


class Journal:
    """A journal: its lines in their order, and those of given fingerprints by an index, built on first use.

    It is one file or several (`journal_files`), which are read one after another, in the order of their first lines.
    Absent files are an empty journal. Lines without a valid completion do not count; one warning a file names these
    lines, and their rows are asked again. Each method that reads raises a `JournalError` if a file belongs to another
    program, or can't be read.
    """

    def __init__(self, *paths: Path) -> None:
        self._paths = paths
        self._opened_at = self._state()

    def __len__(self) -> int:
        return len(self._index.offsets)

    def __iter__(self) -> Iterator[Completion]:
        """All completions in the order of the files: every paid call."""
        for lines in self.batches():
            yield from map(lines.completion, range(len(lines)))

    @property
    def is_outdated(self) -> bool:
        """Whether a file has changed since the journal was opened."""
        return self._state() != self._opened_at

    @property
    def paths(self) -> list[Path]:
        """The files."""
        return list(self._paths)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Size of each file now, in bytes, by its name; 0 if it does not exist."""
        return {path.name: 0 if state is None else state.st_size for path in self._paths for state in [_state_of(path)]}

    def batches(self, starts: Mapping[str, int] | None = None) -> Iterator[LineBatch]:
        """The valid lines in the order of the files, some hundreds at once.

        Args:
            starts: By name of a file, the offset behind the lines to leave out.
        """
        for path in self._files:
            yield from _batches_of(path, (starts or {}).get(path.name, 0))

    def completions(self, fingerprints: Iterable[str]) -> Iterator[list[Completion]]:
        """The completions of each fingerprint, by attempt, then by time; an empty list for none."""
        begins, _, files, offsets = self._index
        wanted = iter(fingerprints)
        with self._opened() as opened:
            while part := list(islice(wanted, _LOOKED_UP_AT_ONCE)):
                keys = _begins_of(digests_of(part))
                ranges = zip(np.searchsorted(begins, keys, "left"), np.searchsorted(begins, keys, "right"), strict=True)
                for fingerprint, (begin, end) in zip(part, ranges, strict=True):
                    places = zip(files[begin:end].tolist(), offsets[begin:end].tolist(), strict=True)
                    found = (self._read(opened, file, offset) for file, offset in places)
                    yield [each for each in found if each.fingerprint.lower() == fingerprint.lower()]

    def has_lines(self, fingerprints: Iterable[str]) -> NDArray[np.bool_]:
        """Whether there may be a line of each fingerprint: by the index alone, so that one in 10^19 is wrong."""
        keys = _begins_of(digests_of(fingerprints))
        begins = self._index.begins
        if not len(begins):
            return np.zeros(len(keys), np.bool_)
        is_there: NDArray[np.bool_] = begins[np.minimum(np.searchsorted(begins, keys), len(begins) - 1)] == keys
        return is_there

    def at(self, places: Iterable[Place]) -> list[Completion]:
        """The completions of the lines that begin there, without the index."""
        with self._opened() as opened:
            numbers = {path.name: number for number, path in enumerate(self._files)}
            return [self._read(opened, numbers[name], offset) for name, offset in places]

    @cached_property
    def _files(self) -> list[Path]:
        return sorted(self._paths, key=time_of_first_line) if len(self._paths) > 1 else list(self._paths)

    @cached_property
    def _index(self) -> _Index:
        numbers = {path.name: number for number, path in enumerate(self._files)}
        parts = [_Index.of(lines, numbers[lines.file]) for lines in self.batches()]
        if not parts:
            return _Index.of(LineBatch("", np.empty(0, np.int64), np.empty(0, np.int64), columns_of(())), 0)
        begins, attempts, files, offsets = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((offsets, files, attempts, begins))
        return _Index(begins[order], attempts[order], files[order], offsets[order])

    def _state(self) -> list[tuple[int, ...]]:
        return [_changes(_state_of(path)) for path in self._paths]

    def _opened(self) -> "_OpenedFiles":
        return _OpenedFiles(self._files)

    def _read(self, opened: "_OpenedFiles", number: int, offset: int) -> Completion:
        line, file = b"", opened[number]
        if file is not None:
            file.seek(offset)
            line = file.readline()
        try:
            return completion_of(read_line(line))
        except LineError as error:
            raise JournalError(
                f"{short_path(self._files[number])} was changed while it was being read ({error} at byte {offset}). "
                "Next: run the same command again, and don't change the file meanwhile"
            ) from None


class _OpenedFiles:
    """Files of a journal, each opened when its first line is read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._files: dict[int, IO[bytes] | None] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "_OpenedFiles":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __getitem__(self, number: int) -> IO[bytes] | None:
        if number not in self._files:
            if len(self._files) >= _MOST_OPEN:
                self._files.clear()
                self._stack.close()
            self._files[number] = self._stack.enter_context(reading(self._paths[number]))
        return self._files[number]


def _batches_of(path: Path, start: int) -> Iterator[LineBatch]:
    """The valid lines of a file behind an offset; one warning names the others."""
    bad: list[tuple[int, str]] = []
    with reading(path) as file:
        if file is None:
            return
        refuse_foreign(file, path)
        file.seek(start)
        offset, number = start, 1
        while part := list(islice(file, _LINES_AT_ONCE)):
            yield from _valid(path.name, part, offset, number, bad)
            offset, number = offset + sum(map(len, part)), number + len(part)
        if bad:
            _warn_of_bad_lines(_bad_lines(path, bad, lines_before(file, start)))


def _valid(
    name: str, lines: Sequence[bytes], offset: int, first: int, bad: list[tuple[int, str]]
) -> Iterator[LineBatch]:
    """The valid ones of successive lines; the others are added to `bad`, each by number, with what is wrong.

    Lines among which one can't be read at once are halved: only a few are then read one by one.

    Args:
        name: Name of their file.
        lines: The lines.
        offset: Offset of the first in the file, in bytes.
        first: Its number.
        bad: Numbers of the lines without a valid completion, and why.
    """
    columns = read_columns(lines)
    if columns is not None:
        sizes = np.array(list(map(len, lines)), np.int64)
        yield LineBatch(name, offset + np.cumsum(sizes) - sizes, sizes, columns)
        return
    if len(lines) > _FEW_LINES:
        middle = len(lines) // 2
        yield from _valid(name, lines[:middle], offset, first, bad)
        yield from _valid(name, lines[middle:], offset + sum(map(len, lines[:middle])), first + middle, bad)
        return
    places, records = [], []
    for number, begin, line in whole_lines(lines, offset, first):
        try:
            records.append(read_line(line))
        except LineError as error:
            bad.append((number, str(error)))
        else:
            places.append((begin, len(line)))
    if records:
        offsets, sizes = np.array(places, np.int64).T
        yield LineBatch(name, offsets, sizes, columns_of(records))


def _begins_of(digests: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    return digests.view("<u8").reshape(-1, digests.itemsize // 8)[:, 0].copy()


def _state_of(path: Path) -> os.stat_result | None:
    """Status of a file; None if there is none that can be looked at."""
    try:
        return path.stat()
    except OSError:
        return None


def _changes(state: os.stat_result | None) -> tuple[int, ...]:
    """Device, inode, size and time of the last change: what differs once a file is written or replaced."""
    return () if state is None else (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


def _bad_lines(path: Path, bad: list[tuple[int, str]], before: int) -> str:
    named = ", ".join(f"{before + number} ({reason})" for number, reason in bad[:_NAMED_LINES])
    more = f" and {len(bad) - _NAMED_LINES:,} more" if len(bad) > _NAMED_LINES else ""
    return (
        f"{short_path(path)}: no valid completion in line {named}{more}; the next run asks again for rows whose answer "
        "was there. Nothing was deleted. Next: fix these lines to keep their answers"
    )


@cache
def _warn_of_bad_lines(line: str) -> None:
    """Warns once per process: a run reads its journal several times."""
    logger.warning("%s", line)
