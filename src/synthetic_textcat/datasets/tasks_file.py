"""The catalog entry of the tasks file, in whichever format its suffix names."""

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from synthetic_textcat.datasets.previews import ROWS, rows_preview
from synthetic_textcat.datasets.tasks_formats import FORMATS
from synthetic_textcat.datasets.user_file import bytes_of
from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.plain_errors import short_path
from synthetic_textcat.schemas.tasks_file import TasksFile


class TasksFileDataset(AbstractDataset[None, TasksFile]):
    """Loads a tasks file, of which errors can then name the path.

    Kedro's own datasets of these formats serve too, but say less of a broken file, and those of tables turn a label
    such as `NA` into a missing one.

    Args:
        filepath: A `.yml`, `.yaml`, `.json`, `.jsonl`, `.ndjson`, `.csv` or `.parquet` file.
        metadata: For plugins, such as the Kedro-Viz layer.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> TasksFile:
        """What the file holds.

        Raises:
            TasksFileError: If it is missing, broken, or of another format.
        """
        file, content = short_path(self._filepath), bytes_of(self._filepath, "tasks_file", TasksFileError)
        read = FORMATS.get(self._filepath.suffix.casefold())
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
        content: Any = self.load().content
        if not isinstance(content, pd.DataFrame):
            content = pd.DataFrame([{"task": entry} if isinstance(entry, str) else entry for entry in content or ()])
        return rows_preview(content, nrows)

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
