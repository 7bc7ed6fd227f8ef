"""Shared folder of a run's shards: journal files that are only appended to, and fences that name their owners.

A worker that was frozen or cut off, and comes back while another has its shard, must not go on making paid calls. No
lock helps there: a lease in the scheduler is unknown to a frozen process. So the owner's token is in the storage, and
is read before each save. The run has a fence too, by which the driver stops its workers, and a later run those of an
earlier one.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from synthetic_textcat.durable_files import sync_to_disk
from synthetic_textcat.errors import JournalError, ShardLostError
from synthetic_textcat.file_errors import about_file
from synthetic_textcat.llm.shards.partition import ANY_FENCE, ShardFile, fence_name, journal_name

RUN_FENCE = "run.owner"
_STOPPING = " stopping"
_PROBE = ".probe-"


class SharedFolder:
    """The folder `completions/` next to the journal, on storage that the driver and all workers share.

    Args:
        path: The folder. It need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> Path | str:
        """The path by which workers find the folder."""
        return self.path.absolute()

    def begin(self, run_id: str) -> None:
        """Takes the folder for a run; workers of an earlier run can save nothing more.

        Fences of single shards are no longer needed then.

        Raises:
            JournalError: If the folder can't be written.
        """
        with _in_words(self.path, "write"):
            self.path.mkdir(parents=True, exist_ok=True)
            _replace(self.path / RUN_FENCE, run_id)
            for path in self.path.glob(ANY_FENCE):
                path.unlink(missing_ok=True)

    def stop(self, run_id: str) -> None:
        """Asks the workers of a run to save what they have and end; does nothing if another run has the folder."""
        if self.is_of(run_id):
            self._set_run_fence(run_id + _STOPPING)

    def is_of(self, run_id: str) -> bool:
        """Whether this run has the folder; True also while it stops."""
        return self._run_fence().removesuffix(_STOPPING) == run_id

    def is_stopping(self, run_id: str) -> bool:
        """Whether this run's workers are asked to end.

        Raises:
            ShardLostError: If a later run has taken the folder.
        """
        token = self._run_fence()
        if token.removesuffix(_STOPPING) != run_id:
            raise ShardLostError(
                f"Another run has taken the shards in {self.path}, and this one has stopped; what it saved is kept. "
                "Next: let the other one end"
            )
        return token.endswith(_STOPPING)

    def files_of(self, shard: int, shards: int) -> list[Path]:
        """Journal files of a shard in a partition into so many, of all owners and runs."""
        with _in_words(self.path, "read"):
            found = ((ShardFile.of(path.name), path) for path in self.path.iterdir())
            return sorted(path for name, path in found if name is not None and name[:2] == (shard, shards))

    def names(self) -> frozenset[str]:
        """Names of all journal files of shards."""
        with _in_words(self.path, "read"):
            return frozenset(path.name for path in self.path.glob("shard-*.jsonl"))

    def prove(self, run_id: str) -> None:
        """Proves that this process shares the folder with the driver, and can write there.

        Raises:
            JournalError: If it does not, or can't.
        """
        if self._run_fence().removesuffix(_STOPPING) != run_id:
            raise JournalError(
                f"{self.place} is not the folder of the run, which every worker must see at the same path. Next: "
                "mount the run's data folder there, or start the worker where it is mounted"
            )
        self._prove_writable(f"{_PROBE}{secrets.token_hex(8)}", b"Written to see whether it can be; may be deleted.\n")

    def fetch(self) -> None:
        """Does nothing: the workers save their files in this folder."""

    def publish(self, cut: Path) -> None:
        """Does nothing: the workers see the cut of the plan."""

    def withdraw(self, cut: Path) -> None:
        """Does nothing: the cut is removed where it was made."""

    def cut(self, cut: Path, shard: int) -> Path:  # noqa: ARG002  of an object store one shard is fetched
        """The folder with the files of a shard in a cut."""
        return cut

    def take(self, shard: int, owner: str) -> "OwnedShard":
        """Takes the shard for this owner; its previous owner can save nothing more."""
        return OwnedShard(self, shard, owner)

    def _run_fence(self) -> str:
        return _text_of(self.path / RUN_FENCE)

    def _set_run_fence(self, token: str) -> None:
        with _in_words(self.path, "write"):
            _replace(self.path / RUN_FENCE, token)

    def _prove_writable(self, name: str, content: bytes) -> None:
        probe = self.path / name
        with _in_words(self.path, "write"):
            try:
                probe.write_bytes(content)
            finally:
                probe.unlink(missing_ok=True)


class OwnedShard:
    """A shard that a worker holds, with the journal file that it alone appends to; a context manager.

    Args:
        folder: The shared folder.
        shard: Number of the shard.
        owner: The owner's token.
    """

    def __init__(self, folder: SharedFolder, shard: int, owner: str) -> None:
        self.path = folder.path / journal_name(shard, owner)
        self._fence = folder.path / fence_name(shard)
        self.owner = owner
        with _in_words(self._fence, "write"):
            _replace(self._fence, owner)
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def check(self) -> None:
        """Checks that the shard still belongs to this owner.

        Raises:
            ShardLostError: If another worker has taken it.
        """
        if self._token() != self.owner:
            raise ShardLostError("Another worker has taken the shard", is_by_worker=True)

    def _token(self) -> str:
        return _text_of(self._fence)

    def append(self, lines: bytes) -> None:
        """Appends lines, if the shard is still this owner's, and waits until they are on disk.

        The file is made by the first lines, so that a shard without calls leaves none.

        Raises:
            ShardLostError: If another worker has taken the shard; nothing is written.
            JournalError: If the disk takes no more; of the lines a part may be there, and the last may be torn.
        """
        self.check()
        with _in_words(self.path, "write"):
            if self._descriptor is None:
                self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o666)
                sync_to_disk(self.path.parent)
            view = memoryview(lines)
            while view:
                view = view[os.write(self._descriptor, view) :]
            os.fsync(self._descriptor)


def _text_of(path: Path) -> str:
    """Content of a small file; empty if there is none.

    Raises:
        JournalError: If it can't be read.
    """
    with _in_words(path, "read"):
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""


def _replace(path: Path, text: str) -> None:
    """Replaces a small file as a whole: readers see the old text or the new one."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


@contextmanager
def _in_words(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"{about_file(error, path, verb)}; then run the same command again: what is on disk is not asked again"
        ) from error
