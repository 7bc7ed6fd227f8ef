"""Work files: what the driver and the workers of a cluster exchange, in the folder or object store that they share.

So no text passes the Dask scheduler. The driver has a folder there for as long as it shares out work, and removes it.
Of a driver that was killed it stays, until the next run with the same data: a lock shows whether a process uses it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from synthetic_textcat.errors import ClusterError
from synthetic_textcat.file_errors import about_file
from synthetic_textcat.redaction import redact
from synthetic_textcat.temporary_files import TemporaryFolder

_STORED = "work"
"""Folder of work files in an object store."""


class WorkFiles(Protocol):
    """Small files by name, each written and read as a whole.

    All methods raise a ClusterError where the storage can't be reached or takes no more.
    """

    def write(self, name: str, content: bytes) -> None:
        """Writes a file: a reader sees all of it or none."""

    def read(self, name: str) -> bytes:
        """Content of a file.

        Raises:
            FileNotFoundError: If there is none.
        """

    def delete(self, name: str) -> None:
        """Removes a file, if it is there."""


class _LocalFiles:
    """Work files in a folder that all machines see."""

    def __init__(self, place: str) -> None:
        self._folder = Path(place)

    def write(self, name: str, content: bytes) -> None:
        """Writes a file under another name, and renames it."""
        fresh = self._folder / f"{name}.{secrets.token_hex(4)}"
        with _in_words(self._folder, "write"):
            try:
                fresh.write_bytes(content)
                fresh.replace(self._folder / name)
            except BaseException:
                with suppress(OSError):
                    fresh.unlink()
                raise

    def read(self, name: str) -> bytes:
        """Content of a file."""
        with _in_words(self._folder, "read"):
            return (self._folder / name).read_bytes()

    def delete(self, name: str) -> None:
        """Removes a file, if it is there."""
        with suppress(OSError):  # goes with the folder
            (self._folder / name).unlink()


class _StoredFiles:
    """Work files in an object store, which stores each as a whole."""

    def __init__(self, place: str) -> None:
        self._place = place
        with _in_words(place, "reach"):
            found: tuple[AbstractFileSystem, str] = url_to_fs(place, use_listings_cache=False, auto_mkdir=True)
        self._fs, self._root = found

    def write(self, name: str, content: bytes) -> None:
        """Stores an object."""
        with _in_words(self._place, "write"):
            self._fs.pipe_file(f"{self._root}/{name}", content)

    def read(self, name: str) -> bytes:
        """Content of an object."""
        with _in_words(self._place, "read"):
            return bytes(self._fs.cat_file(f"{self._root}/{name}"))

    def delete(self, name: str) -> None:
        """Removes an object, if it is there."""
        with suppress(Exception):  # goes with the folder
            self._fs.rm_file(f"{self._root}/{name}")

    def remove(self) -> None:
        """Removes the folder of these files."""
        with suppress(FileNotFoundError), _in_words(self._place, "clean up"):
            self._fs.rm(self._root, recursive=True)

    def remove_others(self, kept: frozenset[str]) -> None:
        """Removes the folders here that are none of these."""
        with suppress(FileNotFoundError), _in_words(self._place, "clean up"):
            for path in self._fs.ls(self._root, detail=False):
                if path.rstrip("/").rpartition("/")[2] not in kept:
                    self._fs.rm(path, recursive=True)


@lru_cache(maxsize=4)
def work_files(place: str) -> WorkFiles:
    """The work files at a path, or at an address in an object store."""
    return _StoredFiles(place) if "://" in place else _LocalFiles(place)


@contextmanager
def own_work_files(shared: str | Path, local: Path) -> Iterator[str]:
    """Place for the work files of this process, which goes with the block; leftovers of others are removed.

    Args:
        shared: Folder that all machines see, or address of an object store.
        local: The driver's folder; with an object store it tells which folders there are in use.

    Raises:
        ClusterError: If it can't be written.
    """
    with _in_words(local, "write"):
        local.mkdir(parents=True, exist_ok=True)
        folder = TemporaryFolder(local)
    with folder:
        if isinstance(shared, Path):
            yield str(folder.path.absolute())
            return
        root = f"{shared.rstrip('/')}/{_STORED}"
        _StoredFiles(root).remove_others(frozenset(path.name for path in local.glob(f"{folder.PREFIX}*")))
        place = f"{root}/{folder.path.parent.name}"
        try:
            yield place
        finally:
            with suppress(ClusterError):  # the next run removes it
                _StoredFiles(place).remove()


@contextmanager
def _in_words(place: Path | str, verb: str) -> Iterator[None]:
    """Turns whatever a disk or a store's library raises into one line; a missing file stays one."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if isinstance(place, Path):
            raise ClusterError(f"{about_file(error, place, verb)}; then run the same command again") from error
        raise _of_store(place, verb, error) from error
    except Exception as error:
        raise _of_store(place, verb, error) from error


def _of_store(place: Path | str, verb: str, error: Exception) -> ClusterError:
    why = redact(f"{type(error).__name__}: {error}".partition("\n")[0][:300])
    return ClusterError(
        f"Can't {verb} {redact(str(place))}: {why}. Next: check cluster.shared, and the credentials in the environment "
        "of each machine; then run the same command again"
    )
