"""Catalog datasets of user tables: labelled rows, a column of texts, the list of domains."""

import io
from typing import Any

import pandas as pd
from kedro.io import DatasetError, Version

from synthetic_textcat.datasets.files import FileDataset
from synthetic_textcat.datasets.kedro_compat import TablePreview
from synthetic_textcat.datasets.previews import ABSENT, ROWS, preview_of, rows_preview
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.datasets.strict_readers import content_of, read_csv, read_text, read_yaml
from synthetic_textcat.errors import DomainsFileError, EvaluationError, ReferenceTextsError
from synthetic_textcat.schemas.task_input import DomainsFile, JsonError, parse_json
from synthetic_textcat.text.unicode import single_line


class UserTableDataset(StoredDataset[None, pd.DataFrame]):
    """Loads a `.csv` file (commas, semicolons or tabs; every cell a text), a `.parquet` or a `.jsonl` file.

    Args:
        filepath: The file.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    preview = property(preview_of)

    def load(self) -> pd.DataFrame:
        """The table.

        Raises:
            EvaluationError: If the file is not of its format.
        """
        place = self.place
        file, content = place.shown, place.content()
        match place.suffix.casefold():
            case ".csv":
                return read_csv(content, file, EvaluationError)
            case ".parquet":
                return _read_parquet(content, file)
            case ".jsonl":
                return _read_json_lines(content, file)
        raise EvaluationError(
            f"{file} has a suffix that is none of .csv, .parquet, .jsonl. Next: save it as one of them"
        )

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError(f"{self.root.shown} is the user's; it can't be saved")


def _read_parquet(content: bytes, file: str) -> pd.DataFrame:
    import pyarrow as pa

    try:
        return pd.read_parquet(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = single_line(error, 200)
        raise EvaluationError(f"{file} is not Parquet: {reason}. Next: write it again") from None


def _read_json_lines(content: bytes, file: str) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(read_text(content, file, EvaluationError).split("\n"), start=1):
        try:
            row = parse_json(line) if line.strip() else {}
        except JsonError as error:
            raise EvaluationError(f"{file}, line {number} is not JSON: {error.problem}. Next: fix that place") from None
        if not isinstance(row, dict):
            raise EvaluationError(f"{file}, line {number} is no object. Next: write one row a line, as {{...}}")
        rows.append(row)
    return pd.DataFrame([row for row in rows if row])


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


class DomainsFileDataset(FileDataset):
    """Loads a YAML file, of which errors can then name the path."""

    def load(self) -> DomainsFile:
        """What the file holds.

        Raises:
            DomainsFileError: If it is missing or broken.
        """
        file, content = content_of(self, "domains", DomainsFileError)
        return DomainsFile(file, read_yaml(content, file, DomainsFileError))

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError("The list of domains is written by hand; it can't be saved")
