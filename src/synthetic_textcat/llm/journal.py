"""The journal as it is read: an index in memory, the lines themselves streamed from disk on demand."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from synthetic_textcat.errors import JournalError
from synthetic_textcat.schemas.completions import OPTIONAL, Completion

_FIELDS = tuple(Completion.__dataclass_fields__)


class Entry(NamedTuple):
    """Where one line lies, and what is needed to know whether the row is to be asked again."""

    attempt: int
    status: str
    offset: int


class Journal:
    """The index of a journal file: fingerprint → its entries, in the order of the file.

    An absent file is an empty journal; a torn last line (a kill in the middle of a write) does not count.

    Raises:
        JournalError: If a line before the last is no completion: the file is not ours, or was edited.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[bytes, list[Entry]] = {}
        self._count = 0
        for offset, record in _records(path):
            entry = Entry(record["attempt"], record["status"], offset)
            self._entries.setdefault(bytes.fromhex(record["fingerprint"]), []).append(entry)
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Completion]:
        """All completions, in the order in which they were made: every line that was paid for."""
        return (_completion(record) for _, record in _records(self._path))

    def completions(self, fingerprints: Iterable[str]) -> Iterator[list[Completion]]:
        """For each fingerprint in turn its completions, by attempt, then by time; an empty list for none."""
        if not self._entries:
            yield from ([] for _ in fingerprints)
            return
        with self._path.open("rb") as file:
            for fingerprint in fingerprints:
                entries = self._entries.get(bytes.fromhex(fingerprint), [])
                yield [_read(file, entry.offset) for entry in sorted(entries, key=_by_attempt_then_time)]


def _by_attempt_then_time(entry: Entry) -> tuple[int, int]:
    return entry.attempt, entry.offset


def completion_line(completion: Completion) -> bytes:
    """The journal line of a completion: ASCII JSON, so that not even a lone surrogate can break the file."""
    return json.dumps(completion.to_record(), separators=(",", ":")).encode("ascii") + b"\n"


def end_of_whole_lines(path: Path) -> int:
    """The size of the file without a torn last line, in bytes."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        while size > 0:
            start = max(0, size - (1 << 16))
            file.seek(start)
            newline = file.read(size - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            size = start
    return 0


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if not path.exists():
        return
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            yield offset, _record(line, path, number)
            offset += len(line)


def _record(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
        bytes.fromhex(record["fingerprint"])
        if record.keys() >= set(_FIELDS) - OPTIONAL:
            return dict(record)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise JournalError(
        f"{path}: line {number} is no completion of this project; nothing was written. "
        "Next: mend or delete that line, or move the file away to begin a new journal"
    )


def _read(file: IO[bytes], offset: int) -> Completion:
    file.seek(offset)
    return _completion(json.loads(file.readline()))


def _completion(record: dict[str, Any]) -> Completion:
    return Completion(**{field: record[field] for field in _FIELDS if field in record})
