"""Batch record: an append-only file that names each batch, with its requests, before anything is sent to the provider.

A batch is money in flight. It has three lines, each synced to disk before the next step:

- `intent`, before the upload: the hash of the input file, and what its journal lines will need;
- `submitted`: the provider's ids, known once the batch is created;
- `collected`: how the batch ended, once all of its results are in the journal.

The intent's id goes along as metadata of the batch. So a submission that a crash cut off between creation and record is
found at the provider and adopted. One batch holds one attempt of each of its rows.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.errors import BatchError
from synthetic_textcat.file_errors import about_file, short_path
from synthetic_textcat.llm.journal.lines import digests_of, whole_lines

NEVER_SUBMITTED = "never_submitted"
"""Status of a batch whose creation did not happen: nothing was sent, and its rows are open."""

_FIRST_BYTES = b'{"line":"intent"'


class SentRow(NamedTuple):
    """A request in a batch, with all that its journal line needs, even if plan, prompts or model change meanwhile.

    Attributes:
        fingerprint: Its `custom_id` at the provider.
        request_id, prompt_sha256, max_tokens: As in the journal line.
        prompt_at_most, completion_at_most: Upper bounds of its tokens.
    """

    fingerprint: str
    request_id: str
    prompt_sha256: str
    max_tokens: int | None
    prompt_at_most: int
    completion_at_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBatch:
    """A batch as the record has it.

    Attributes:
        intent: Its id in this project, made before the upload.
        attempt: Number of the reply that its requests ask for, from 1.
        requests: Number of requests.
        input_sha256: Hash of the input file.
        endpoint, model: Where it was sent, and the requested model.
        run_id: The run that sent it.
        sent_at: Time of the intent, UTC, ISO 8601.
        enqueued: Estimate of its prompt tokens, which count towards the provider's limit while the batch is open.
        tokens_reserved, usd_reserved: Upper end of its estimated usage, charged to a cap until the results are there.
        batch_id: The provider's id; None until the batch is known to exist.
        ended: How it ended, once its results are in the journal; None before.
        counts: Number of requests by outcome, of a collected batch.
    """

    intent: str
    attempt: int
    requests: int
    input_sha256: str
    endpoint: str
    model: str
    run_id: str
    sent_at: str
    enqueued: int
    tokens_reserved: float
    usd_reserved: float | None
    batch_id: str | None = None
    ended: str | None = None
    counts: tuple[tuple[str, int], ...] = ()

    @property
    def age_s(self) -> float:
        """Seconds since the intent."""
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(self.sent_at)).total_seconds())


_OF_INTENT = [name for name in SentBatch.__slots__ if name not in ("batch_id", "ended", "counts")]


class BatchRecord:
    """The batches of a project, read from their file; new lines are on disk before a method returns.

    A torn last line does not count: what it would have said did not happen yet.

    Args:
        path: The file; absent is the same as empty.
        append: Appends lines to it and syncs them.

    Raises:
        BatchError: If the file is not a batch record, or one of its lines is damaged.
    """

    def __init__(self, path: Path, append: Callable[[bytes], None]) -> None:
        self._path = path
        self._append = append
        self._batches: dict[str, SentBatch] = {}
        self._offsets: dict[str, int] = {}
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise BatchError(about_file(error, path, "read")) from error
        with file:
            refuse_foreign_record(file, path)
            for number, offset, line in whole_lines(file):
                try:
                    self._take(json.loads(line), offset)
                except (ValueError, KeyError, TypeError) as error:
                    raise BatchError(
                        f"{short_path(path)}: line {number} is not a line of a batch record ({type(error).__name__}: "
                        f"{error}), so a paid batch could be lost. Nothing was sent. Next: restore that line"
                    ) from None

    def __iter__(self) -> Iterator[SentBatch]:
        return iter(list(self._batches.values()))

    @property
    def pending(self) -> list[SentBatch]:
        """Batches whose results are not in the journal yet, in the order of their intents."""
        return [batch for batch in self._batches.values() if batch.ended is None]

    def rows(self, batch: SentBatch) -> dict[str, SentRow]:
        """The requests of a batch by fingerprint; read from disk, since the record of all batches may be large."""
        with self._path.open("rb") as file:
            file.seek(self._offsets[batch.intent])
            rows = (SentRow(*row) for row in json.loads(file.readline())["rows"])
            return {row.fingerprint: row for row in rows}

    def under_way(self) -> NDArray[np.bytes_]:
        """Fingerprints of all requests in batches that are not collected, as sorted bytes, 32 each."""
        return np.sort(np.concatenate([digests_of(()), *(digests_of(self.rows(batch)) for batch in self.pending)]))

    def intend(self, batch: SentBatch, rows: Iterable[SentRow]) -> None:
        """Records a batch that is about to be sent."""
        self._write("intent", {**{name: getattr(batch, name) for name in _OF_INTENT}, "rows": list(rows)})

    def submitted(self, batch: SentBatch, batch_id: str, file_id: str | None, *, adopted: bool = False) -> SentBatch:
        """Records that a batch exists at the provider."""
        said = {"intent": batch.intent, "batch_id": batch_id, "file_id": file_id, "adopted": adopted, "at": now()}
        self._write("submitted", said)
        return self._batches[batch.intent]

    def collected(self, batch: SentBatch, status: str, counts: dict[str, int]) -> None:
        """Records that all results of a batch are in the journal."""
        self._write("collected", {"intent": batch.intent, "status": status, "counts": counts, "at": now()})

    def _write(self, kind: str, fields: dict[str, Any]) -> None:
        record = {"line": kind, **fields}
        line = json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"
        self._append(line)
        self._take(record, self._path.stat().st_size - len(line))  # there is no other writer

    def _take(self, record: dict[str, Any], offset: int) -> None:
        intent = str(record["intent"])
        if record["line"] == "intent":
            self._offsets[intent] = offset
            self._batches[intent] = SentBatch(**{name: record[name] for name in _OF_INTENT})
        elif record["line"] == "submitted":
            self._batches[intent] = replace(self._batches[intent], batch_id=str(record["batch_id"]))
        elif record["line"] == "collected":
            counts = tuple((str(name), int(number)) for name, number in record["counts"].items())
            self._batches[intent] = replace(self._batches[intent], ended=str(record["status"]), counts=counts)
        else:
            raise ValueError(f"unknown kind {record['line']!r}")


def refuse_foreign_record(file: IO[bytes], path: Path) -> None:
    """Checks that a file is a batch record before it is read or appended to; rewinds the file.

    Raises:
        BatchError: If its first line is not an intent.
    """
    file.seek(0)
    begin = file.read(len(_FIRST_BYTES))
    file.seek(0)
    if not _FIRST_BYTES.startswith(begin):
        raise BatchError(
            f"{short_path(path)} is not a batch record of this project; nothing was written. Next: move the file away"
        )


def now() -> str:
    """The time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
