"""The journal as it is read: an index in memory, the lines themselves streamed from disk on demand."""

import logging
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from synthetic_textcat.errors import JournalError, about_file, short_path
from synthetic_textcat.llm.journal_lines import (
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
"""How many lines may be damaged before a file counts as another program's."""

_NAMED_LINES = 5
_FIRST_BYTES = b'{"fingerprint":"'
"""How each line begins that was ever written."""

_BLOCK = 1 << 16

logger = logging.getLogger(__name__)


class Entry(NamedTuple):
    """Where one line lies, and its place among the lines of its call."""

    attempt: int
    offset: int


class Journal:
    """The index of a journal file: fingerprint → its entries, in the order of the file.

    An absent file is an empty journal. A line that holds no valid completion does not count, and one warning names the
    file and its lines: their rows are asked again.

    Raises:
        JournalError: If the file is not ours, or can't be read.
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
        """All completions, in the order in which they were made: every line that was paid for."""
        with _reading(self._path) as file:
            for _, _, line in whole_lines(file) if file is not None else ():
                try:
                    record = read_line(line)
                except LineError:  # the index has named it
                    continue
                yield completion_of(record)

    def completions(self, fingerprints: Iterable[str]) -> Iterator[list[Completion]]:
        """For each fingerprint in turn its completions, by attempt, then by time; an empty list for none."""
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
                "Next: run the same command again, and leave the file alone meanwhile"
            ) from None


def refuse_foreign(file: IO[bytes], path: Path) -> None:
    """Makes sure that a file is a journal, before its lines count and before anything is appended or cut off.

    One damaged line among the first does not make it another program's file. The file is at its beginning afterwards.

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
                f"{short_path(path)}: line {first_number or 1} is no completion of this project, so the file is not "
                "its journal; nothing was written. Next: move the file away, or mend or delete its first lines"
            )
    file.seek(0)


def end_of_lines(file: IO[bytes]) -> tuple[int, bool]:
    """Where the next line may be written: the size without what a crash left of a line, and whether a break is due."""
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
    """The file, opened; None where there is none.

    Raises:
        JournalError: If it is there and can't be read.
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
            raise JournalError(f"Can't read {short_path(path)}: it is no regular file. Next: move it away")
        return path.open("rb")
    except FileNotFoundError:
        if path.is_symlink() and not path.resolve().parent.exists():
            raise  # a mount is missing, and with it the answers
        return None


def _bad_lines(path: Path, bad: list[tuple[int, str]]) -> str:
    named = ", ".join(f"{number} ({reason})" for number, reason in bad[:_NAMED_LINES])
    more = f" and {len(bad) - _NAMED_LINES:,} more" if len(bad) > _NAMED_LINES else ""
    return (
        f"{short_path(path)}: no valid completion in line {named}{more}; a row whose answer stood there counts as not "
        "asked, and the next run asks for it. Nothing was deleted. Next: mend these lines to keep what they hold"
    )


@cache
def _warn_of_bad_lines(line: str) -> None:
    """Once a process: a run reads its journal several times."""
    logger.warning("%s", line)
