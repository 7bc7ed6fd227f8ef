"""The catalog entry of a folder of files that belong together: all of them are replaced, or none."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from synthetic_textcat.datasets.file_formats import Content, read, write
from synthetic_textcat.datasets.previews import folder_preview
from synthetic_textcat.datasets.whole_file import replacing_folder, restored

Files = Mapping[str, Content | Callable[[], Content]]

_NAME = re.compile(r"(?:\w[\w.\-]*/)*\w[\w.\-]*\.(?:parquet|csv|jsonl|json|md)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder, which is read when it is called."""

    path: Path

    def __call__(self) -> Any:
        """What the file holds."""
        return read(self.path)

    @property
    def bytes(self) -> int:
        """Its size."""
        return self.path.stat().st_size


class FolderDataset(AbstractDataset[Files, dict[str, FolderFile]]):
    """Saves files by name, and loads each when it is asked for.

    Kedro's PartitionedDataset writes in place, one format for all, and either leaves files of before beside the new
    ones or has none while it writes.

    Saved is a mapping from a name within the folder, such as `data/train.parquet`, to what the file holds, or to a
    function that makes it, so that not all need fit in memory together: a frame for `.parquet`, `.csv` (every cell in
    quotes) and `.jsonl` (one object a row), plain values for `.json`, text for `.md`.

    Args:
        path: The folder.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(path)
        self.metadata = metadata

    def load(self) -> dict[str, FolderFile]:
        """The files by name, each as a function that loads it and knows its size.

        Raises:
            FileNotFoundError: If the pipeline that writes them has not run.
        """
        if not self._exists():
            raise FileNotFoundError(2, "No such folder", str(self._filepath))
        files = sorted(path for path in self._filepath.rglob("*") if path.is_file())
        return {path.relative_to(self._filepath).as_posix(): FolderFile(path) for path in files}

    def save(self, data: Files) -> None:
        """Writes all files beside the folder, then puts them in its place: what was there before is gone."""
        for name in data:
            if not _NAME.fullmatch(name):
                raise DatasetError(f"{name!r} can't be the name of a file in {self._filepath}")
        with replacing_folder(self._filepath) as fresh:
            for name, content in data.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                write(path, content() if callable(content) else content)

    def preview(self) -> TablePreview:
        """The files by name, for Kedro-Viz."""
        return folder_preview(self._filepath)

    def _exists(self) -> bool:
        return restored(self._filepath).is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._filepath)}
