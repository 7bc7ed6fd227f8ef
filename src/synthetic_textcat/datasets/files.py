"""The catalog entry of one file of a common format, replaced whole."""

from typing import Any

from synthetic_textcat.datasets.file_formats import read, write
from synthetic_textcat.datasets.previews import preview_of
from synthetic_textcat.datasets.replacing import replacing
from synthetic_textcat.datasets.stored import FormattedDataset


class FileDataset(FormattedDataset[Any, Any]):
    """Saves and loads what the suffix names: a frame (`.parquet`, `.csv`, `.jsonl`), plain values (`.json`) or a text.

    A `.yml` file, which is the user's, loads as plain values too.

    Args:
        filepath: The file.
        load_args: For the reader of the format: of `pandas.read_parquet`, `read_csv`, `json.loads`, `Path.read_text`.
        save_args: For its writer: of `DataFrame.to_parquet`, `to_csv`, `to_json`, `json.dumps`, `Path.write_text`.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    preview = property(preview_of)

    def load(self) -> Any:
        """What the file holds."""
        place = self.place
        with place.local_copy() as path:
            return read(path, place.shown, self._load_args)

    def save(self, data: Any) -> None:
        """Writes apart, then puts the file in its place."""
        with replacing(self.place_to_save) as fresh:
            write(fresh, data, self._save_args)
