"""A file or folder in any fsspec file system: the catalog's filepath resolved, its contents listed and read."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.registry import known_implementations

from synthetic_textcat.errors import StorageError
from synthetic_textcat.file_errors import short_path
from synthetic_textcat.redaction import learn_credentials, redact
from synthetic_textcat.temporary_files import TemporaryFolder
from synthetic_textcat.text.unicode import single_line

INCOMPLETE = ".incomplete"
"""Object that stands in a remote folder while its files are being replaced: with it the folder counts as absent."""

EMPTY = ".empty"
"""Object of a remote folder without files: an object store knows no other kind of empty folder."""

FIX = "fix its entry in the catalog (filepath, credentials, fs_args)"

_READ_ONLY = ("http", "https")
_LONGEST = 300

_NOT_A_URL = re.compile(r"(?!file:|local:)([A-Za-z][A-Za-z0-9+.\-]+):(?!//|:)")
"""Such as `s3:/bucket/name`, which would be a local folder `s3:`; a drive of Windows is one letter."""

_OPEN_ARGS = ("open_args_load", "open_args_save")


@dataclass(frozen=True)
class Place:
    """Location of data. A remote file is copied to a temporary local one to be read.

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
        """Whether the file exists; asks the file system, not a cached listing.

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
        """The files of a folder as `listed`, without this software's own markers.

        Raises:
            FileNotFoundError: If there is no folder.
            StorageError: If it can't be read.
        """
        if not self.is_folder():
            raise FileNotFoundError(2, "No such folder", self.shown)
        return {name: size for name, size in self.listed().items() if name != EMPTY}

    def size(self) -> int:
        """Size of the file in bytes.

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
        with TemporaryFolder() as folder:
            copy = folder.path / (PurePosixPath(self.name).stem + self.suffix)
            with self.errors("read"):
                self.fs.get_file(self.path, str(copy))
            yield copy

    def content(self) -> bytes:
        """The content of the file.

        Raises:
            FileNotFoundError: If there is none.
            StorageError: If it can't be read.
        """
        with self.local_copy() as copy:
            return copy.read_bytes()

    @contextmanager
    def errors(self, done: str) -> Iterator[None]:
        """Reports an error of the file system in one line, with the place.

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
        return StorageError(f"{self.shown} can't be {done}: {redact(says)[:_LONGEST]}. Next: {FIX}")


def find_place(
    filepath: str, credentials: Mapping[str, Any] | None = None, fs_args: Mapping[str, Any] | None = None
) -> Place:
    """Place that a catalog entry names; the file system is not asked yet whether it exists.

    A local path imports nothing more. Another protocol imports its package.

    Args:
        filepath: A path, or a URL of any protocol that fsspec knows.
        credentials: For the file system, as Kedro takes them from `credentials.yml`.
        fs_args: More of its options.

    Raises:
        StorageError: If the protocol is unknown, its package is missing, or an option is wrong.
    """
    refuse_a_slip(str(filepath))
    shown = _shown(str(filepath))
    learn_credentials(credentials or {}, "")  # those of a notebook have passed no hook
    if used := [name for name in _OPEN_ARGS if name in (fs_args or {})]:
        raise StorageError(
            f"{shown}: fs_args.{used[0]} means nothing here, since files are copied whole. Next: leave it out; options "
            "of the file system itself stand in fs_args"
        )
    try:
        fs, path = url_to_fs(str(filepath), **{**(credentials or {}), **(fs_args or {})})
    except ImportError as error:
        raise StorageError(
            f"{shown} needs a package that is not installed: {redact(str(error))}. Next: run "
            f"`pip install {_package(shown, error)}` in the environment of the project, then the same command"
        ) from error
    except (ValueError, TypeError) as error:
        raise StorageError(f"{shown} is in no file system that is known: {redact(str(error))}. Next: {FIX}") from error
    place = Place(fs, path, shown)
    return replace(place, shown=short_path(path)) if place.is_local else place


def refuse_a_slip(filepath: str) -> None:
    """Makes sure that a path is not a URL with a slash too few, which would be a local folder such as `s3:`.

    Raises:
        StorageError: If it is.
    """
    if slip := _NOT_A_URL.match(filepath):
        raise StorageError(
            f"{_shown(filepath)} is neither a path nor a URL. Next: write {slip[1]}:// if {slip[1]} is the protocol, "
            "or ./ before a path"
        )


def _shown(filepath: str) -> str:
    """The path as shown: without a password, and without the query of a web address, which may be a signature."""
    return redact(filepath.partition("?")[0] if filepath.startswith(("http://", "https://")) else filepath)


def _package(shown: str, error: ImportError) -> str:
    implementation = known_implementations.get(shown.partition("://")[0], {}).get("class", "")
    package = implementation.partition(".")[0]
    missing = getattr(error.__cause__, "name", None) or error.name
    return str(missing or package) if package in ("", "fsspec") else str(package)


def restored(folder: Path) -> Path:
    """The folder, put back if a run was killed just when it replaced it, and cleared of the leftovers of such a run."""
    before = set_aside(folder)
    if folder.exists():
        shutil.rmtree(before, ignore_errors=True)
    elif before.exists():
        before.replace(folder)
    return folder


def set_aside(folder: Path) -> Path:
    """The name under which a folder stands while it is replaced."""
    return folder.with_name(f".{folder.name}.before")
