"""The catalog entry of one file of a common format, replaced whole."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from synthetic_textcat.datasets.file_formats import read, write
from synthetic_textcat.datasets.previews import preview_of
from synthetic_textcat.datasets.whole_file import replacing


class FileDataset(AbstractDataset[Any, Any]):
    """Saves and loads what the suffix names: a frame (`.parquet`, `.csv`, `.jsonl`), plain values (`.json`) or a text.

    A `.yml` file, which is the user's, loads as plain values too.

    Args:
        filepath: The file.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.preview = preview_of(self._filepath)
        self.metadata = metadata

    def load(self) -> Any:
        """What the file holds."""
        return read(self._filepath)

    def save(self, data: Any) -> None:
        """Writes beside the file, then puts it in its place."""
        with replacing(self._filepath) as fresh:
            write(fresh, data)

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
