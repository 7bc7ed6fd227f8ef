"""Catalog dataset of a folder of files, replaced as a whole or not at all."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from pickle import PicklingError
from typing import Any

from kedro.io import DatasetError, Version

from synthetic_textcat.datasets.file_formats import Content, read, write_new, write_pickled
from synthetic_textcat.datasets.files import free_at_once
from synthetic_textcat.datasets.fsspec_place import Place
from synthetic_textcat.datasets.kedro_compat import TablePreview
from synthetic_textcat.datasets.previews import folder_preview
from synthetic_textcat.datasets.replacing import replacing_folder
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.tables import RowTable, SharedFiles, StoredTable, by_reference

Files = Mapping[str, Content | Callable[[], Content]]

_NAME = re.compile(r"(?:\w[\w.\-]*/)*\w[\w.\-]*\.(?:parquet|csv|jsonl|json|md)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder, which is read when it is called."""

    place: Place

    def __call__(self) -> Any:
        """The content of the file."""
        with self.local_copy() as path:
            return read(path, self.place.shown)

    def table(self) -> RowTable:
        """Rows of a Parquet file, to be read in record batches."""
        with ExitStack() as stack:
            path = stack.enter_context(self.place.local_copy())
            return StoredTable([path], stack.pop_all(), None if self.place.is_local else self.place.shown)

    @property
    def bytes(self) -> int:
        """Size of the file now."""
        return self.place.size()

    @contextmanager
    def local_copy(self) -> Iterator[Path]:
        """The file on this machine: itself, or a temporary copy."""
        with self.place.local_copy() as path:
            yield path


class FolderDataset(StoredDataset[Files, dict[str, FolderFile]]):
    """Saves files by name, and loads each when it is asked for.

    Kedro's PartitionedDataset writes in place, one format for all, and either leaves earlier files next to the new
    ones or has none while it writes.

    Saved is a mapping from a name within the folder, such as `data/train.parquet`, to what the file holds, or to a
    function that makes it, so that not all need fit in memory together: a frame or an Arrow table for `.parquet`, a
    frame for `.csv` (every cell in quotes) and `.jsonl` (one object a row), plain values for `.json`, text for `.md`.

    On a local disk the folder is exchanged. Elsewhere its files are, while a marker says that it is not whole.

    Args:
        path: The folder.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    is_folder = True

    def __init__(
        self,
        *,
        path: str,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=path, version=version, credentials=credentials, fs_args=fs_args, metadata=metadata)

    def load(self) -> dict[str, FolderFile]:
        """The files by name, each as a function that loads it and knows its size.

        Raises:
            FileNotFoundError: If the pipeline that writes them has not run.
        """
        place = self.place
        return {name: FolderFile(place.child(name)) for name in place.sizes()}

    def save(self, data: Files) -> None:
        """Writes all files to a new folder, in several processes if they are shared, then replaces the old one."""
        free_at_once()
        place = self.place_to_save
        for name in data:
            if not _NAME.fullmatch(name):
                raise DatasetError(f"{name!r} can't be the name of a file in {place.shown}")
        with replacing_folder(place) as fresh:
            by_others: Iterator[bool] = repeat(False, len(data))
            if isinstance(data, SharedFiles) and place.is_local:
                by_others = _written_by_others(fresh, data)
            for (name, content), is_written in zip(data.items(), by_others, strict=True):
                if not is_written:
                    write_new(fresh / name, content)

    def preview(self) -> TablePreview:
        """The files by name, for Kedro-Viz."""
        return folder_preview(self.place.sizes() if self._exists() else None)

    def _describe(self) -> dict[str, Any]:
        described = super()._describe()
        return {"path": described.pop("filepath"), **described}


def _written_by_others(folder: Path, files: SharedFiles) -> Iterator[bool]:
    """Whether other processes have written each file: not if it can't be pickled, or if they do not see the folder."""
    written: Iterator[bool] = files.share(write_pickled, (_pickled((folder, *file)) for file in files.items()))
    return written


def _pickled(file: tuple[Path, str, Any]) -> bytes:
    try:
        return by_reference(file)
    except (PicklingError, AttributeError, TypeError):  # of a format with a lambda, for example
        return b""
