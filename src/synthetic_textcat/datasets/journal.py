"""The catalog entry of a journal: append-only JSON lines, on disk before they count, one writer at a time."""

import json
import os
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from synthetic_textcat.datasets.previews import ROWS, value_preview
from synthetic_textcat.errors import JournalError
from synthetic_textcat.llm.journal import Journal, completion_line, end_of_whole_lines
from synthetic_textcat.redaction import mask_within
from synthetic_textcat.schemas.completions import Completion


class JournalDataset(AbstractDataset[list[Completion], Journal]):
    """Appends completions, loads their index.

    Args:
        filepath: The JSON Lines file; absent is the same as empty.
        metadata: For plugins, such as the Kedro-Viz layer.
    """

    _EPHEMERAL = True  # else `--only-missing-outputs` takes a half-written journal for a finished one

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        # One lock a file and thread: in a notebook an interrupted run, of which Kedro tells no hook, may still hold it,
        # and `%reload_kedro` forgets who. Its thread is free again, so that run is over; other threads stay out.
        self._lock = FileLock(f"{filepath}.lock", is_singleton=True)
        self._repaired = False
        self.metadata = metadata

    def load(self) -> Journal:
        """The index; the lines stay on disk."""
        return Journal(self._filepath)

    def save(self, data: list[Completion]) -> None:
        """Appends the completions and waits until they are on disk.

        Raises:
            JournalError: If the disk takes no more; what was on it before stays whole.
        """
        lines = b"".join(map(completion_line, data))
        try:
            self._filepath.parent.mkdir(parents=True, exist_ok=True)
            with self._filepath.open("ab") as file:
                self._cut_torn_line()
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._repaired = False
            raise JournalError(
                f"Can't write {self._filepath}: {error.strerror}. Next: make room or mend its rights, then run the "
                "same command again: what is on disk is not asked again"
            ) from error

    def lock(self) -> None:
        """Makes this thread the journal's only writer until `release`, or until its process ends, however it ends.

        Raises:
            JournalError: If another run is writing it.
        """
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise JournalError(
                f"Another run is writing {self._filepath}: two at once would ask, and pay, twice. "
                "Next: wait until it ends, or stop it"
            ) from None

    def release(self) -> None:
        """Lets other runs write; does nothing if the lock is not held."""
        self._lock.release(force=True)  # however often it was taken

    def preview(self, nrows: int = ROWS) -> JSONPreview:
        """The first lines, for Kedro-Viz."""
        if not self._filepath.exists():
            return value_preview([])
        with self._filepath.open(encoding="ascii") as file:
            return value_preview([mask_within(json.loads(line)) for line in islice(file, nrows) if line.endswith("\n")])

    def _cut_torn_line(self) -> None:
        """Cuts off what a kill left of a line, once, before anything is appended to it."""
        if not self._repaired:
            os.truncate(self._filepath, end_of_whole_lines(self._filepath))
            self._repaired = True

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
