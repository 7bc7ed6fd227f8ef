"""Catalog datasets of append-only JSON lines, synced to disk before they count: the journal, and the batch record."""

import os
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from kedro.io import Version
from kedro.io.core import get_protocol_and_path

from synthetic_textcat.datasets.fsspec_place import refuse_a_slip
from synthetic_textcat.datasets.journal_file import JournalFile
from synthetic_textcat.datasets.kedro_compat import EphemeralDataset, JSONPreview
from synthetic_textcat.datasets.previews import ROWS, value_preview
from synthetic_textcat.errors import JournalError
from synthetic_textcat.llm.batches.record import BatchRecord, refuse_foreign_record
from synthetic_textcat.llm.journal.journal import Journal, completion_line
from synthetic_textcat.llm.journal.journal_files import journal_files
from synthetic_textcat.llm.journal.lines import read_first
from synthetic_textcat.redaction import mask_within
from synthetic_textcat.schemas.completions import Completion

_Saved = TypeVar("_Saved")
_Loaded = TypeVar("_Loaded")


class AppendedLinesDataset(EphemeralDataset[_Saved, _Loaded]):
    """A local file of JSON lines that is only ever appended to.

    Args:
        filepath: The JSON Lines file, on a file system of this machine; absent is the same as empty.
        version: Not taken: each version would be an empty file, and everything would be paid for again.
        credentials, fs_args: Not taken: a file of this machine needs none.
        metadata: For plugins, such as the Kedro-Viz layer.

    Raises:
        JournalError: If the entry is versioned or for another file system, or its path is no file of this machine.
    """

    NAME: ClassVar[str] = "journal"
    """Name for messages."""

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        refuse_a_slip(filepath)
        protocol, path = get_protocol_and_path(filepath)
        if protocol != "file":
            raise JournalError(
                f"The {self.NAME} can't be {filepath}: {protocol} can't append to a file, lock it, or say when it "
                "is on disk, so paid answers could be lost. Next: set its filepath in the catalog to a local file, and "
                "copy that file after the run"
            )
        if version is not None:
            raise JournalError(
                f"The {self.NAME} {filepath} can't be versioned: each version would begin empty, and all answers would "
                "be paid for again. Next: remove `versioned` from its entries in the catalog"
            )
        for name, given in {"credentials": credentials, "fs_args": fs_args}.items():
            if given:
                raise JournalError(
                    f"The {self.NAME} {filepath} takes no {name}: it is a file of this machine. Next: remove `{name}` "
                    "from its entries in the catalog"
                )
        self._filepath = Path(path)
        self.metadata = metadata

    @property
    def file(self) -> Path:
        """The file that is meant, links resolved."""
        return Path(os.path.realpath(self._filepath))

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class JournalDataset(AppendedLinesDataset[list[Completion], Journal]):
    """Appends completions, loads their index.

    Ephemeral, else `--only-missing-outputs` would take a half-written journal for a finished one. A run opens
    it once, by `lock`, and keeps it open. Whoever saves without that opens it for each save.
    """

    _file: JournalFile | None = None
    _journal: Journal | None = None

    def load(self) -> Journal:
        """The journal, whose lines stay on disk; the same one, with its index, until a file of it changes."""
        files = journal_files(self._filepath)
        if self._journal is None or self._journal.paths != files or self._journal.is_outdated:
            self._journal = Journal(*files)
        return self._journal

    def save(self, data: list[Completion]) -> None:
        """Appends the completions and waits until they are on disk.

        Raises:
            JournalError: If the disk takes no more; what was on it before stays whole.
        """
        if not data:  # a batch that only reports open calls
            return
        lines = b"".join(map(completion_line, data))
        file = self._file if self._file is not None and self._file.is_open else JournalFile.held(self._filepath)
        if file is not None:
            file.append(lines)
            return
        file = JournalFile.opened(self._filepath)
        try:
            file.append(lines)
        finally:
            file.close()

    def lock(self) -> None:
        """Opens the journal as its only writer, until `release`, or until this process ends, however it ends.

        Raises:
            JournalError: If another run is writing it, it can't be written, or it is another program's file.
        """
        self._file = JournalFile.opened(self._filepath)

    def release(self) -> None:
        """Lets other runs write; does nothing if the journal is not open, or open for a run in another thread."""
        if self._file is not None and self._file.may_be_closed:
            self._file.close()
            self._file = None

    def preview(self, nrows: int = ROWS) -> JSONPreview:
        """The first lines, for Kedro-Viz."""
        return value_preview(mask_within(read_first(self._filepath, nrows)) if self._filepath.exists() else [])


class BatchRecordDataset(AppendedLinesDataset[None, BatchRecord]):
    """The record of batches: loads an index that also appends.

    What a batch costs must be on disk before it is sent, so the node that sends it appends; nothing is saved by Kedro.
    The record is locked while a line is written: a run that sends or collects holds the journal's lock all the time.
    """

    NAME = "batch record"

    def load(self) -> BatchRecord:
        """The batches so far."""
        return BatchRecord(self._filepath, self._append)

    def save(self, data: None) -> None:  # noqa: ARG002
        """Refuses: lines are appended by the loaded record.

        Raises:
            JournalError: Always.
        """
        raise JournalError(f"The batch record {self._filepath} is appended to by the node that sends batches")

    def preview(self, nrows: int = ROWS) -> JSONPreview:
        """The first batches without their requests, for Kedro-Viz."""
        batches = list(self.load())[:nrows]
        return value_preview([{name: getattr(batch, name) for name in batch.__slots__} for batch in batches])

    def _append(self, lines: bytes) -> None:
        file = JournalFile.opened(self._filepath, refuse_foreign_record)
        try:
            file.append(lines)
        finally:
            file.close()
