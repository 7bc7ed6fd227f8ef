"""A file or folder in any file system that fsspec knows: what is there, and how it is read."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from synthetic_textcat.datasets.atomic_files import restored
from synthetic_textcat.errors import StorageError
from synthetic_textcat.redaction import redact
from synthetic_textcat.text.visible_text import single_line

INCOMPLETE = ".incomplete"
"""Object that stands in a remote folder while its files are being replaced: with it the folder counts as absent."""

EMPTY = ".empty"
"""Object of a remote folder without files: an object store knows no other kind of empty folder."""

TEMPORARY = "synthetic-textcat-"
"""How the names of temporary folders begin."""

MEND = "mend its entry in the catalog (filepath, credentials, fs_args)"

_READ_ONLY = ("http", "https")
_LONGEST = 300


@dataclass(frozen=True)
class Place:
    """Where data lies. A remote file is copied to a temporary local one to be read.

    Attributes:
        fs: The file system.
        path: As the file system takes it.
        shown: As the catalog names it, without secrets.
    """

    fs: AbstractFileSystem
    path: str
    shown: str

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine's disks."""
        return isinstance(self.fs, LocalFileSystem)

    @property
    def is_read_only(self) -> bool:
        """Whether the protocol is one for reading only."""
        return self.protocol in _READ_ONLY

    @property
    def protocol(self) -> str:
        """The first of the file system's names."""
        names = self.fs.protocol
        return str(names if isinstance(names, str) else names[0])

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        """The end of the name, such as `.parquet`."""
        return PurePosixPath(self.name.partition("?")[0]).suffix

    @property
    def parent(self) -> str:
        """The path of the folder that it is in."""
        return self.path.rpartition("/")[0]

    def child(self, name: str) -> "Place":
        """A file within this folder."""
        return replace(self, path=f"{self.path}/{name}", shown=f"{self.shown}/{name}")

    def exists(self) -> bool:
        """Whether a file is there, whatever was listed before.

        Raises:
            StorageError: If the file system does not say.
        """
        if self.is_local:
            return Path(self.path).exists()
        with self.errors("read"):
            self.fs.invalidate_cache(self.path)
            return bool(self.fs.exists(self.path))

    def is_folder(self) -> bool:
        """Whether a folder is there, and no run is replacing it, or was killed while it did.

        Raises:
            StorageError: If the file system does not say.
        """
        if self.is_local:
            return restored(Path(self.path)).is_dir()
        return INCOMPLETE not in (found := self.listed()) and bool(found)

    def listed(self) -> dict[str, int]:
        """All files below this one, by their names in it, sorted, each with its size in bytes; none if it is absent."""
        try:
            with self.errors("read"):
                self.fs.invalidate_cache(self.path)
                found = self.fs.find(self.path, detail=True)
        except FileNotFoundError:
            return {}
        names = {str(path)[len(self.path) :].lstrip("/"): int(info["size"] or 0) for path, info in found.items()}
        return dict(sorted((name, size) for name, size in names.items() if name))

    def sizes(self) -> dict[str, int]:
        """The files of a folder as `listed`, without those that are this software's own.

        Raises:
            FileNotFoundError: If there is no folder.
            StorageError: If it can't be read.
        """
        if not self.is_folder():
            raise FileNotFoundError(2, "No such folder", self.shown)
        return {name: size for name, size in self.listed().items() if name != EMPTY}

    def size(self) -> int:
        """Of the file, in bytes.

        Raises:
            FileNotFoundError: If there is none.
            StorageError: If the file system does not say.
        """
        with self.errors("read"):
            self.fs.invalidate_cache(self.path)
            return int(self.fs.size(self.path))

    @contextmanager
    def local_copy(self) -> Iterator[Path]:
        """The file on this machine: itself, or a temporary copy.

        Raises:
            FileNotFoundError: If there is none.
            StorageError: If it can't be read.
        """
        if self.is_local:
            if not Path(self.path).exists():
                raise FileNotFoundError(2, "No such file", self.shown)
            yield Path(self.path)
            return
        with tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder:
            copy = Path(folder) / (PurePosixPath(self.name).stem + self.suffix)
            with self.errors("read"):
                self.fs.get_file(self.path, str(copy))
            yield copy

    def content(self) -> bytes:
        """What the file holds.

        Raises:
            FileNotFoundError: If there is none.
            StorageError: If it can't be read.
        """
        with self.local_copy() as copy:
            return copy.read_bytes()

    @contextmanager
    def errors(self, done: str) -> Iterator[None]:
        """Tells what a file system says in one line, with the place.

        Args:
            done: What was being done to the data: `read` or `written`.

        Raises:
            FileNotFoundError: If what was to be read is not there.
            StorageError: For anything else.
        """
        try:
            yield
        except FileNotFoundError as error:
            if done == "read":
                raise FileNotFoundError(2, "No such file", self.shown) from error
            raise self.refusal(done, error) from error
        except Exception as error:  # each file system raises its own
            raise self.refusal(done, error) from error

    def refusal(self, done: str, error: Exception) -> StorageError:
        """The line for an error of the file system."""
        says = single_line(error) or type(error).__name__
        return StorageError(f"{self.shown} can't be {done}: {redact(says)[:_LONGEST]}. Next: {MEND}")
