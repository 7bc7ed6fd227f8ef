"""The catalog entry of the tasks file, in whichever format its suffix names."""

from pathlib import PurePosixPath
from typing import Any

import pandas as pd
from kedro.io import DatasetError
from kedro_datasets._typing import TablePreview

from synthetic_textcat.datasets.previews import ABSENT, ROWS, rows_preview
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.datasets.tasks_formats import FORMATS
from synthetic_textcat.datasets.user_file import content_of
from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.schemas.tasks_file import TasksFile


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
