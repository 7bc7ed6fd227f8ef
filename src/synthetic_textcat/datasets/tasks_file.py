"""Catalog datasets of tasks: the user's tasks file in each of its formats, and the tasks of an earlier run."""

import io
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import pandas as pd
from kedro.io import DatasetError

from synthetic_textcat.datasets.kedro_compat import TablePreview
from synthetic_textcat.datasets.previews import ABSENT, ROWS, rows_preview
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.datasets.strict_readers import content_of, read_csv, read_text, read_yaml
from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.schemas.task_input import JsonError, KeptTasks, TasksFile, parse_json
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, tasks_of
from synthetic_textcat.text.unicode import single_line

_FIX = "Next: fix that place"


class TasksFileDataset(StoredDataset[None, TasksFile]):
    """Loads a tasks file, of which errors can then name the path.

    Kedro's own datasets of these formats serve too, but say less of a broken file, and those of tables turn a label
    such as `NA` into a missing one.

    Args:
        filepath: A `.yml`, `.yaml`, `.json`, `.jsonl`, `.ndjson`, `.csv` or `.parquet` file.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def load(self) -> TasksFile:
        """What the file holds.

        Raises:
            TasksFileError: If it is missing, broken, or of another format.
        """
        file, content = content_of(self, "tasks_file", TasksFileError)
        read = FORMATS.get(PurePosixPath(file).suffix.casefold())
        if read is None:
            raise TasksFileError(
                f"{file} has a suffix that is none of {', '.join(FORMATS)}. Next: save the tasks in one of these "
                "formats, and set it as filepath of tasks_file in the catalog"
            )
        return TasksFile(file, read(content, file))

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError("The tasks file is written by hand; it can't be saved")

    def preview(self, nrows: int = ROWS) -> TablePreview:
        """The first tasks, for Kedro-Viz."""
        if not self.exists():
            return rows_preview(pd.DataFrame(columns=[ABSENT]), nrows)
        content: Any = self.load().content
        if not isinstance(content, pd.DataFrame):
            content = pd.DataFrame([{"task": entry} if isinstance(entry, str) else entry for entry in content or ()])
        return rows_preview(content, nrows)


def _read_yaml(content: bytes, file: str) -> Any:
    return read_yaml(content, file, TasksFileError)


def _read_json(content: bytes, file: str) -> Any:
    text = _text(content, file)
    try:
        return parse_json(text) if text.strip() else None
    except JsonError as error:
        where = f", line {error.line}, column {error.column}" if error.line else ""
        raise TasksFileError(f"{file}{where} is not JSON: {error.problem}. {_FIX}") from None


def _read_json_lines(content: bytes, file: str) -> list[Any]:
    entries = []
    for number, line in enumerate(_text(content, file).split("\n"), start=1):
        try:
            if line.strip():
                entries.append(parse_json(line))
        except JsonError as error:
            where = f", line {number}" + (f", column {error.column}" if error.column else "")
            raise TasksFileError(
                f"{file}{where} is not JSON: {error.problem}. Next: write one task a line, as {{...}}"
            ) from None
    return entries


def _read_csv(content: bytes, file: str) -> pd.DataFrame:
    return read_csv(content, file, TasksFileError)


def _read_parquet(content: bytes, file: str) -> pd.DataFrame:
    import pyarrow as pa

    try:
        return pd.read_parquet(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = single_line(error, 200)
        raise TasksFileError(f"{file} is not Parquet: {reason}. Next: write it again") from None


def _text(content: bytes, file: str) -> str:
    return read_text(content, file, TasksFileError)


FORMATS: dict[str, Callable[[bytes, str], Any]] = {
    ".yml": _read_yaml,
    ".yaml": _read_yaml,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
"""By suffix."""


class KeptTasksDataset(StoredDataset[None, KeptTasks]):
    """Loads the table `tasks` that an earlier run kept, from its Parquet file."""

    def load(self) -> KeptTasks:
        """The tasks, each of them understood.

        Raises:
            TasksFileError: If another version of the project wrote them otherwise.
        """
        try:
            with self.place.local_copy() as path:
                table = pd.read_parquet(path, columns=TASKS_ARROW_SCHEMA.names)
            tasks_of(table)
        except (ValueError, LookupError, TypeError) as error:  # pydantic's and Arrow's errors are ValueErrors
            reason = single_line(error, 200)
            raise TasksFileError(
                f"The tasks that the run of from_run kept can't be read by this version: {reason}. Next: check out the "
                "commit that its tag mlflow.source.git.commit names"
            ) from error
        return KeptTasks(table)

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: they are another run's."""
        raise DatasetError("The tasks of an earlier run can't be saved")
