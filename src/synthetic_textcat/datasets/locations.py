"""Where the data of any catalog entry lies, be its dataset one of ours or of kedro-datasets."""

from pathlib import PurePath
from typing import Any

from fsspec.implementations.local import LocalFileSystem
from kedro.io import AbstractVersionedDataset, DatasetError

from synthetic_textcat.datasets.place import Place
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.errors import StorageError
from synthetic_textcat.file_errors import short_path
from synthetic_textcat.redaction import redact

_LOCAL = ("file", "local", "")


def place_of(dataset: Any) -> Place | None:
    """Where the dataset's data is loaded from, of versions the last; None where it has no file.

    The one place that knows how Kedro's datasets keep their path.

    Raises:
        FileNotFoundError: If it has versions, and none is there.
        DatasetError: If a dataset of kedro-datasets finds none.
        StorageError: If the file system does not say.
    """
    dataset = unwrapped(dataset)
    if isinstance(dataset, StoredDataset):
        return dataset.place
    if isinstance(dataset, AbstractVersionedDataset) and getattr(dataset, "_version", None):
        return _place(dataset, dataset._get_load_path())  # noqa: SLF001  Kedro has no public way to a version's file
    return root_of(dataset)


def root_of(dataset: Any) -> Place | None:
    """The place that the catalog names: of a dataset with versions, the one below which they lie."""
    dataset = unwrapped(dataset)
    if isinstance(dataset, StoredDataset):
        return dataset.root
    path = getattr(dataset, "_filepath", None)
    return None if path is None else _place(dataset, PurePath(path))


def shown_place(dataset: Any) -> str | None:
    """Where the data lies as the catalog names it, for a reader; None where the dataset has no file."""
    try:
        place = place_of(dataset)
    except (OSError, DatasetError, StorageError):
        place = root_of(dataset)
    return place.shown if place else None


def unwrapped(dataset: Any) -> Any:
    """The dataset within a cached or an optional one, or the dataset itself."""
    inner = getattr(dataset, "_dataset", None)
    return dataset if inner is None else unwrapped(inner)


def _place(dataset: Any, path: PurePath) -> Place | None:
    protocol, fs = str(getattr(dataset, "_protocol", "")), getattr(dataset, "_fs", None)
    if protocol in _LOCAL:
        return Place(LocalFileSystem(), path.as_posix(), short_path(path))
    return Place(fs, path.as_posix(), redact(f"{protocol}://{path.as_posix()}")) if fs else None
