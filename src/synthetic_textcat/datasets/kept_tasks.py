"""The catalog entry that stands in for the tasks file when a run is rebuilt."""

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, tasks_of
from synthetic_textcat.schemas.tasks_file import KeptTasks


class KeptTasksDataset(AbstractDataset[None, KeptTasks]):
    """Loads the table `tasks` that an earlier run kept.

    Args:
        filepath: Its Parquet file.
        metadata: For plugins, such as the Kedro-Viz layer.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> KeptTasks:
        """The tasks, each of them understood.

        Raises:
            TasksFileError: If another version of the project wrote them otherwise.
        """
        try:
            table = pd.read_parquet(self._filepath, columns=TASKS_ARROW_SCHEMA.names)
            tasks_of(table)
        except (ValueError, LookupError, TypeError) as error:  # pydantic's and Arrow's errors are ValueErrors
            reason = " ".join(str(error).split())[:200]
            raise TasksFileError(
                f"The tasks that the run of from_run kept can't be read by this version: {reason}. Next: check out the "
                "commit that its tag mlflow.source.git.commit names"
            ) from error
        return KeptTasks(table)

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: they are another run's."""
        raise DatasetError("The tasks of an earlier run can't be saved")

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
