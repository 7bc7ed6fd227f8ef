"""The catalog entry of a user's own table: read strictly, with the place of what is wrong."""

import io

import pandas as pd
from kedro.io import DatasetError

from synthetic_textcat.datasets.previews import preview_of
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.datasets.strict_readers import read_csv, read_text
from synthetic_textcat.errors import EvaluationError
from synthetic_textcat.schemas.tasks_file import JsonError, parse_json
from synthetic_textcat.text.visible_text import single_line


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
            raise EvaluationError(
                f"{file}, line {number} is not JSON: {error.problem}. Next: mend that place"
            ) from None
        if not isinstance(row, dict):
            raise EvaluationError(f"{file}, line {number} is no object. Next: write one row a line, as {{...}}")
        rows.append(row)
    return pd.DataFrame([row for row in rows if row])
