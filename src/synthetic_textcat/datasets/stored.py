"""Base class of file datasets: fsspec paths, credentials, versions; the location of any catalog entry's data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, TypeVar

from fsspec.implementations.local import LocalFileSystem
from kedro.io import AbstractVersionedDataset, DatasetError, Version
from kedro.io.core import VersionNotFoundError

from synthetic_textcat.datasets.fsspec_place import Place, find_place
from synthetic_textcat.datasets.kedro_compat import (
    file_system_of,
    filepath_of,
    is_versioned,
    version_path_of,
    wrapped_in,
)
from synthetic_textcat.errors import StorageError
from synthetic_textcat.file_errors import short_path
from synthetic_textcat.redaction import redact

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_LOCAL = ("file", "local", "")


class StoredDataset(AbstractVersionedDataset[_In, _Out]):
    """A dataset of one file, or of one folder, in any file system that fsspec knows.

    Takes what kedro-datasets' own types take. They write through open files, in place: a run that is killed, or data
    that can't be written, leaves half a file there.

    Args:
        filepath: A path, or a URL such as `s3://bucket/name`.
        version: Set by Kedro for `versioned: true`: the data then lies in `<filepath>/<version>/<name>`.
        credentials: For the file system; in the catalog the name of an entry of `credentials.yml`.
        fs_args: More options of the file system.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.

    Raises:
        StorageError: If the path is in no file system that can be reached.
    """

    is_folder = False
    """Whether the data is a folder of files."""

    root: Place
    """The place that the catalog names: of a dataset with versions, the one below which they lie."""

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.root = root = find_place(filepath, credentials, fs_args)
        if version is not None and root.is_read_only:
            raise StorageError(
                f"{root.shown} can't have versions: {root.protocol} lists no folders. Next: leave out versioned: true"
            )
        self._fs, self._protocol = root.fs, root.protocol  # where Kedro's plugins look for them
        super().__init__(PurePosixPath(root.path), version, exists_function=self._is_there, glob_function=self._glob)
        self.metadata = metadata

    @property
    def place(self) -> Place:
        """Place from which the data is loaded: the requested version, or the last.

        Raises:
            FileNotFoundError: If there is no version.
            StorageError: If the file system does not say.
        """
        if self._version is None:
            return self.root
        try:
            return self._of_version(self.resolve_load_version())
        except VersionNotFoundError as error:
            if isinstance(error.__cause__, StorageError):
                raise error.__cause__ from None
            raise FileNotFoundError(2, "No version", self._of_version("<version>").shown) from error

    @property
    def place_to_save(self) -> Place:
        """Place to which the data is saved.

        Raises:
            DatasetError: If this version is there already.
        """
        if self._version is None:
            return self.root
        self._get_save_path()  # refuses one that is there
        return self._of_version(self.resolve_save_version())

    @property
    def suffix(self) -> str:
        """The end of the file's name, which sets its format."""
        return self.root.suffix

    def prove_kind(self) -> None:
        """Makes sure that on a local disk no file is where a folder has to be, or the reverse.

        Raises:
            StorageError: If there is one.
        """
        path, shown = Path(self.root.path), self.root.shown
        if not self.root.is_local or not path.exists():
            return
        if self._version is not None and path.is_file():
            raise StorageError(
                f"{shown} is a file, and its entry in the catalog has versioned: true, which makes it a folder of "
                f"versions. Next: move it to {self._of_version('2026-01-31T12.00.00.000Z').shown}, or remove it"
            )
        if self._version is None and path.is_dir() != self.is_folder:
            kind, wanted = ("folder", "file") if path.is_dir() else ("file", "folder")
            raise StorageError(
                f"{shown} is a {kind}, and its entry in the catalog is of a {wanted}. Next: fix filepath there, set "
                "versioned: true if these are its versions, or move it away"
            )

    def prove_savable(self) -> None:
        """Makes sure of the same before a run saves the data, and that no versions would be removed or stand before it.

        Raises:
            StorageError: If they would.
        """
        self.prove_kind()
        if self._version is not None:
            self._prove_last(self._version)
        if not self.is_folder or self._version is not None:
            return
        local = Path(self.root.path).glob(f"*/{self.root.name}") if self.root.is_local else ()
        remote = () if self.root.is_local else self.root.listed()
        if any(local) or any(name.split("/")[1:2] == [self.root.name] for name in remote):
            raise StorageError(
                f"{self.root.shown} holds versions of an earlier run, which saving without versioned: true would "
                "remove. Next: set versioned: true in its entry in the catalog, or name another path there"
            )

    def _prove_last(self, version: Version) -> None:
        """Kedro loads the version whose name sorts last, so a run has to save that one."""
        try:
            last, own = self.place.path, self._of_version(self.resolve_save_version()).path
        except FileNotFoundError:  # no version yet
            return
        finally:
            self._clear_version_cache()
        if version.load is None and last >= own:
            raise StorageError(
                f"{self.root.shown} has a version ({last.split('/')[-2]}) that sorts after this run's "
                f"({own.split('/')[-2]}), and would be loaded in its place. Next: set the clock right, or move that "
                "version away"
            )

    @contextmanager
    def peek(self) -> Iterator[Path | None]:
        """The file on this machine, to look at; None if there is none."""
        if not self.exists():
            yield None
            return
        with self.place.local_copy() as path:
            yield path

    def _of_version(self, version: str | None) -> Place:
        return self.root.child(f"{version}/{self.root.name}")

    def _glob(self, pattern: str) -> list[str]:
        with self.root.errors("read"):
            self._fs.invalidate_cache(self.root.path)
            return [str(path) for path in self._fs.glob(pattern)]

    def _is_there(self, path: str) -> bool:
        place = self._at(path)
        return place.is_folder() if self.is_folder else place.exists()

    def _at(self, path: str) -> Place:
        return self.root.child(str(path).removeprefix(self.root.path).lstrip("/"))

    def _exists(self) -> bool:
        try:
            place = self.place
        except FileNotFoundError:
            return False
        return place.is_folder() if self.is_folder else place.exists()

    def _release(self) -> None:
        super()._release()
        self._fs.invalidate_cache(self.root.path)

    def _describe(self) -> dict[str, Any]:
        filepath = self.root.path if self.root.is_local else self.root.shown
        return {"filepath": filepath, "protocol": self._protocol, "version": self._version}


class FormattedDataset(StoredDataset[_In, _Out]):
    """A dataset of one file whose reader and writer take options.

    Args:
        filepath: The file.
        load_args: For the reader of its format.
        save_args: For its writer.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def __init__(
        self,
        *,
        filepath: str,
        load_args: dict[str, Any] | None = None,
        save_args: dict[str, Any] | None = None,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            filepath=filepath, version=version, credentials=credentials, fs_args=fs_args, metadata=metadata
        )
        self._load_args, self._save_args = load_args or {}, save_args or {}


def place_of(dataset: Any) -> Place | None:
    """Place from which the dataset is loaded, the last of its versions; None if it has no file.

    Raises:
        FileNotFoundError: If it has versions, and none is there.
        DatasetError: If a dataset of kedro-datasets finds none.
        StorageError: If the file system does not say.
    """
    dataset = unwrapped(dataset)
    if isinstance(dataset, StoredDataset):
        return dataset.place
    if isinstance(dataset, AbstractVersionedDataset) and is_versioned(dataset):
        return _place(dataset, version_path_of(dataset))
    return root_of(dataset)


def root_of(dataset: Any) -> Place | None:
    """The place that the catalog names: of a dataset with versions, the one below which they lie."""
    dataset = unwrapped(dataset)
    if isinstance(dataset, StoredDataset):
        return dataset.root
    path = filepath_of(dataset)
    return None if path is None else _place(dataset, path)


def shown_place(dataset: Any) -> str | None:
    """Place of the data as the catalog names it, for display; None if the dataset has no file."""
    try:
        place = place_of(dataset)
    except (OSError, DatasetError, StorageError):
        place = root_of(dataset)
    return place.shown if place else None


def unwrapped(dataset: Any) -> Any:
    """The dataset within a cached or an optional one, or the dataset itself."""
    inner = wrapped_in(dataset)
    return dataset if inner is None else unwrapped(inner)


def _place(dataset: Any, path: PurePath) -> Place | None:
    protocol, fs = file_system_of(dataset)
    if protocol in _LOCAL:
        return Place(LocalFileSystem(), path.as_posix(), short_path(path))
    return Place(fs, path.as_posix(), redact(f"{protocol}://{path.as_posix()}")) if fs else None
