"""Journal reader: all lines in order, or the lines of given calls, read from disk by an index of fingerprints."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache, cached_property
from itertools import compress, islice, pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.errors import JournalError
from synthetic_textcat.file_errors import short_path
from synthetic_textcat.llm.journal.index import IndexEntries, JournalIndex, Places, ranges
from synthetic_textcat.llm.journal.journal_files import lines_before, reading, refuse_foreign, time_of_first_line
from synthetic_textcat.llm.journal.lines import (
    Columns,
    LineError,
    columns_of,
    completion_line,
    completion_of,
    read_columns,
    read_line,
    whole_lines,
)
from synthetic_textcat.schemas.completions import Completion

__all__ = ["Journal", "LineBatch", "LinePlace", "completion_line"]

_NAMED_LINES = 5
_LINES_AT_ONCE = 256
"""Lines read together, so few that they stay in the cache of a core: 2,000 take twice the time a line."""

_BUFFER = 1 << 18
"""Bytes that are read at once: half the time a line of the usual 8 kB."""

_FEW_LINES = 8
"""Lines among which a bad one is looked for by reading each."""

_LOOKED_UP_AT_ONCE = 1_000

LinePlace = tuple[str, int]
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

    def taken(self, mask: NDArray[np.bool_]) -> "LineBatch":
        """Selection of the lines."""
        columns = {field: tuple(compress(values, mask)) for field, values in self.columns.items()}
        return LineBatch(self.file, self.offsets[mask], self.sizes[mask], columns)


class FoundLines(NamedTuple):
    """Lines of calls that were looked for.

    Attributes:
        lines: The lines.
        calls: Number of each line's call among those looked for.
        entries: Its number in the index: lines of a call are numbered by attempt, then by time.
    """

    lines: LineBatch
    calls: NDArray[np.int64]
    entries: NDArray[np.int64]


class Journal:
    """A journal: all lines in order, or the lines of given fingerprints by an index that is built on first use.

    It is one file or several (`journal_files`), which are read one after another, in the order of their first lines.
    Absent files are an empty journal. Lines without a valid completion do not count; one warning a file names these
    lines, and their rows are asked again. Each method that reads raises a `JournalError` if a file belongs to another
    program, or can't be read.
    """

    def __init__(self, *paths: Path) -> None:
        self._paths = paths
        self._opened_at = self._state()

    def __len__(self) -> int:
        return len(self.index)

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
        wanted = iter(fingerprints)
        while part := list(islice(wanted, _LOOKED_UP_AT_ONCE)):
            found: list[dict[int, Completion]] = [{} for _ in part]
            for lines, calls, entries in self.lines_of(part):
                for line, (call, entry) in enumerate(zip(calls.tolist(), entries.tolist(), strict=True)):
                    found[call][entry] = lines.completion(line)
            yield from ([own[entry] for entry in sorted(own)] for own in found)

    def lines_of(self, fingerprints: Sequence[str]) -> Iterator[FoundLines]:
        """The lines of these calls, some hundreds at once, in the order of the files.

        Args:
            fingerprints: Fingerprints of calls, so many that they may be in memory.
        """
        starts, counts = self.index.find(fingerprints)
        if not counts.any():
            return
        calls, entries = np.repeat(np.arange(len(counts)), counts), ranges(starts, counts)
        places = self.index.places.take(entries)
        order = np.lexsort((places.offsets, places.files))
        done = 0
        for lines in self.lines_at(places.take(order)):
            own = order[done : done + len(lines)]
            done += len(lines)
            of_lines = map(str.lower, lines.columns["fingerprint"])
            is_own = np.array(
                [own == fingerprints[call].lower() for own, call in zip(of_lines, calls[own].tolist(), strict=True)]
            )
            yield FoundLines(lines if is_own.all() else lines.taken(is_own), calls[own][is_own], entries[own][is_own])

    def lines_at(self, places: Places) -> Iterator[LineBatch]:
        """The lines at these places, in this order, some hundreds of one file at once."""
        with ExitStack() as opened:
            bounds = [*np.flatnonzero(np.diff(places.files, prepend=-1)).tolist(), len(places.files)]
            for start, end in pairwise(bounds):
                path = self._files[places.files[start]]
                file = opened.enter_context(reading(path))
                for first in range(start, end, _LINES_AT_ONCE):
                    yield _lines_at(path, file, places.offsets[first : min(first + _LINES_AT_ONCE, end)])
                opened.close()

    def at(self, places: Sequence[LinePlace]) -> list[Completion]:
        """The completions of the lines that begin there, without the index."""
        numbers = {path.name: number for number, path in enumerate(self._files)}
        files = np.array([numbers[name] for name, _ in places], np.int32)
        return list(self.read(Places(files, np.array([offset for _, offset in places], np.int64))))

    def read(self, places: Places) -> Iterator[Completion]:
        """The completions of the lines at these places, in this order."""
        return (lines.completion(line) for lines in self.lines_at(places) for line in range(len(lines)))

    @cached_property
    def index(self) -> JournalIndex:
        """Index of the lines by call."""
        numbers = {path.name: number for number, path in enumerate(self._files)}
        return JournalIndex(
            IndexEntries.of(lines.columns["fingerprint"], lines.columns["attempt"], numbers[lines.file], lines.offsets)
            for lines in self.batches()
        )

    @cached_property
    def _files(self) -> list[Path]:
        return sorted(self._paths, key=time_of_first_line) if len(self._paths) > 1 else list(self._paths)

    def _state(self) -> list[tuple[int, ...]]:
        return [_changes(_state_of(path)) for path in self._paths]


def _batches_of(path: Path, start: int) -> Iterator[LineBatch]:
    """The valid lines of a file behind an offset; one warning names the others."""
    bad: list[tuple[int, str]] = []
    with reading(path, _BUFFER) as file:
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


def _lines_at(path: Path, file: IO[bytes] | None, offsets: NDArray[np.int64]) -> LineBatch:
    """The lines of a file that begin at these offsets.

    Raises:
        JournalError: If there is no valid line.
    """
    lines, end = [], -1
    for offset in offsets.tolist():
        if file is not None and offset != end:
            file.seek(offset)
        lines.append(b"" if file is None else file.readline())
        end = offset + len(lines[-1])
    columns = read_columns(lines)
    if columns is None:
        columns = columns_of([_record_at(path, *each) for each in zip(offsets.tolist(), lines, strict=True)])
    return LineBatch(path.name, offsets, np.array(list(map(len, lines)), np.int64), columns)


def _record_at(path: Path, offset: int, line: bytes) -> dict[str, Any]:
    try:
        return read_line(line)
    except LineError as error:
        raise JournalError(
            f"{short_path(path)} was changed while it was being read ({error} at byte {offset}). "
            "Next: run the same command again, and don't change the file meanwhile"
        ) from None


def _state_of(path: Path) -> os.stat_result | None:
    """Status of a file; None if there is none that can be looked at."""
    try:
        return path.stat()
    except OSError:
        return None


def _changes(state: os.stat_result | None) -> tuple[int, ...]:
    """Device, inode, size and time of the last change, which differ once a file is written or replaced."""
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
