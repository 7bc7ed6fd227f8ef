"""Catalog datasets of files that a user writes (tasks, domains, texts, labelled rows), and an earlier run's tasks."""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, ClassVar, cast

import pandas as pd
from kedro.io import DatasetError, Version

from synthetic_textcat.datasets.files import FileDataset
from synthetic_textcat.datasets.kedro_compat import TablePreview
from synthetic_textcat.datasets.previews import ABSENT, ROWS, preview_of, rows_preview
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.datasets.strict_readers import (
    content_of,
    read_csv,
    read_json,
    read_json_lines,
    read_parquet,
    read_yaml,
)
from synthetic_textcat.datasets.task_weights import tasks_with_weights
from synthetic_textcat.errors import (
    ConfusableFileError,
    DomainsFileError,
    EvaluationError,
    ReferenceTextsError,
    TasksFileError,
    TextcatError,
)
from synthetic_textcat.schemas.task_input import ConfusableFile, DomainsFile, KeptTasks, TasksFile
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, task_from_row
from synthetic_textcat.tables.arrow_frames import lean_frame_of
from synthetic_textcat.text.unicode import single_line


class TasksFileDataset(StoredDataset[None, TasksFile]):
    """Loads a tasks file, of which errors can then name the path.

    Kedro's own datasets of these formats serve too, but say less of a broken file, and those of tables turn a label
    such as `NA` into a missing one.

    Args:
        filepath: A `.yml`, `.yaml`, `.json`, `.jsonl`, `.ndjson`, `.csv` or `.parquet` file.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def load(self) -> TasksFile:
        """The content of the file, and of files of weights that its entries name.

        Raises:
            TasksFileError: If one of them is missing, broken, or of another format.
        """
        file, content = content_of(self, "tasks_file", TasksFileError)
        read = FORMATS.get(PurePosixPath(file).suffix.casefold())
        if read is None:
            raise TasksFileError(
                f"{file} has a suffix that is none of {', '.join(FORMATS)}. Next: save the tasks in one of these "
                "formats, and set it as filepath of tasks_file in the catalog"
            )
        return TasksFile(file, tasks_with_weights(read(content, file, TasksFileError), file, self.root))

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


def _json_lines(content: bytes, file: str, complaint: type[TextcatError]) -> list[Any]:
    return [entry for _, entry in read_json_lines(content, file, complaint, "task")]


FORMATS: dict[str, Callable[[bytes, str, type[TextcatError]], Any]] = {
    ".yml": read_yaml,
    ".yaml": read_yaml,
    ".json": read_json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": read_csv,
    ".parquet": read_parquet,
}
"""Readers of tasks files by suffix."""


class KeptTasksDataset(StoredDataset[None, KeptTasks]):
    """Loads the table `tasks` that an earlier run kept, from its Parquet file."""

    def load(self) -> KeptTasks:
        """The tasks, each of them understood.

        Raises:
            TasksFileError: If another version of the project wrote them otherwise.
        """
        import pyarrow.parquet as pq

        try:
            with self.place.local_copy() as path:
                table = lean_frame_of(pq.read_table(path, columns=TASKS_ARROW_SCHEMA.names))
            for row in table.to_dict("records"):
                task_from_row(cast("dict[str, Any]", row))
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
                return read_parquet(content, file, EvaluationError)
            case ".jsonl":
                return _rows_of(content, file)
        raise EvaluationError(
            f"{file} has a suffix that is none of .csv, .parquet, .jsonl. Next: save it as one of them"
        )

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError(f"{self.root.shown} is the user's; it can't be saved")


def _rows_of(content: bytes, file: str) -> pd.DataFrame:
    rows = []
    for number, row in read_json_lines(content, file, EvaluationError, "row"):
        if not isinstance(row, dict):
            raise EvaluationError(f"{file}, line {number} is not an object. Next: write one row a line, as {{...}}")
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


class _UserYamlDataset(FileDataset):
    """Loads a YAML file that a user writes, of which errors can then name the path.

    Attributes:
        entry: Its name in the catalog, for errors.
        error: Raised if the file is missing or broken.
        record: From the path and the content to the loaded value.
        refusal: Why it can't be saved.
    """

    entry: ClassVar[str]
    error: ClassVar[type[TextcatError]]
    record: ClassVar[type[DomainsFile] | type[ConfusableFile]]
    refusal: ClassVar[str]

    def load(self) -> DomainsFile | ConfusableFile:
        """The content of the file.

        Raises:
            DomainsFileError, ConfusableFileError: If it is missing or broken.
        """
        file, content = content_of(self, self.entry, self.error)
        return self.record(file, read_yaml(content, file, self.error))

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError(self.refusal)


class DomainsFileDataset(_UserYamlDataset):
    """Loads the list of domains for brainstorming."""

    entry, error, record = "domains", DomainsFileError, DomainsFile
    refusal = "The list of domains is written by hand; it can't be saved"


class ConfusableFileDataset(_UserYamlDataset):
    """Loads the file of confusable labels."""

    entry, error, record = "confusable_file", ConfusableFileError, ConfusableFile
    refusal = "The file of confusable labels is the user's; it can't be saved"
