"""Journal files: the files of one journal, opened for reading; refusal of foreign ones; the end of the last line.

A journal is one file, and with several machines also the files of a folder next to it, each with one writer.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import IO

from synthetic_textcat.errors import JournalError
from synthetic_textcat.file_errors import about_file, short_path
from synthetic_textcat.llm.journal.lines import PADDING, LineError, is_whole, read_line, whole_lines

_FIRST_LINES = 10
"""Number of first lines of which at least one must be a completion, else the file belongs to another program."""

_FIRST_BYTES = b'{"fingerprint":"'
"""The beginning of every line, in all versions."""

_BLOCK = 1 << 16


def journal_files(path: Path) -> list[Path]:
    """The files of a journal: `completions.jsonl`, and `completions/*.jsonl`, of which each worker writes its own."""
    return [path, *sorted(path.with_suffix("").glob("*.jsonl"))]


def time_of_first_line(path: Path) -> str:
    """Time at which a file's first call ended, which orders the files of a shard; empty without a line."""
    with reading(path) as file:
        for _, _, line in islice(whole_lines(file or ()), _FIRST_LINES):
            try:
                return str(read_line(line)["created_at"])
            except LineError:
                continue
    return ""


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
def reading(path: Path, buffer: int = -1) -> Iterator[IO[bytes] | None]:
    """The opened file; None if it does not exist.

    Args:
        path: The file.
        buffer: Bytes that are read at once; -1 for few, as single lines need.

    Raises:
        JournalError: If it exists and can't be read.
    """
    try:
        file = _opened(path, buffer)
        with file or nullcontext():
            yield file
    except OSError as error:
        raise JournalError(about_file(error, path, "read")) from error


def _opened(path: Path, buffer: int) -> IO[bytes] | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise JournalError(f"Can't read {short_path(path)}: it is not a regular file. Next: move it away")
        return path.open("rb", buffering=buffer)
    except FileNotFoundError:
        if path.is_symlink() and not path.resolve().parent.exists():
            raise  # a mount is missing, and with it the paid replies
        return None


def lines_before(file: IO[bytes], end: int) -> int:
    """Number of line breaks before an offset."""
    file.seek(0)
    return sum(file.read(min(_BLOCK, end - place)).count(b"\n") for place in range(0, end, _BLOCK))
