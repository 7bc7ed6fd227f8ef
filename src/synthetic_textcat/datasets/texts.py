"""The catalog entry of a user's own texts: one column of a CSV file."""

from typing import Any

import pandas as pd
from kedro.io import DatasetError, Version
from kedro_datasets._typing import TablePreview

from synthetic_textcat.datasets.previews import ABSENT, ROWS, rows_preview
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.datasets.strict_readers import read_csv
from synthetic_textcat.errors import ReferenceTextsError


class TextsDataset(StoredDataset[None, list[str]]):
    """Loads the texts, without empty ones, in the order of the file.

    Args:
        filepath: A CSV file in UTF-8 whose first line names the columns.
        column: The one that holds the texts; others do not matter.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def __init__(
        self,
        *,
        filepath: str,
        column: str = "text",
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            filepath=filepath, version=version, credentials=credentials, fs_args=fs_args, metadata=metadata
        )
        self._column = column

    def load(self) -> list[str]:
        """The texts.

        Raises:
            ReferenceTextsError: If the file is no CSV, lacks the column, or holds no text.
        """
        place = self.place
        file, table = place.shown, read_csv(place.content(), place.shown, ReferenceTextsError)
        if list(table.columns).count(self._column) != 1:
            found = ", ".join(map(str, table.columns)) or "none"
            raise ReferenceTextsError(
                f"{file} needs one column {self._column!r}; its columns are: {found}. Next: name the column that holds "
                f"the texts {self._column!r} in the first line, or remove the file to compare without it"
            )
        texts = [text for text in table[self._column] if text.strip()]
        if not texts:
            raise ReferenceTextsError(f"{file} holds no text. Next: fill it, or remove it to compare without it")
        return texts

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError("Reference texts are the user's; they can't be saved")

    def preview(self, nrows: int = ROWS) -> TablePreview:
        """The first texts, for Kedro-Viz."""
        texts = self.load()[:nrows] if self._exists() else None
        return rows_preview(pd.DataFrame({ABSENT if texts is None else self._column: texts or []}), nrows)

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "column": self._column}
