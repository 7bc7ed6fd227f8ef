"""The catalog entry that stands in for the tasks file when a run is rebuilt."""

import pandas as pd
from kedro.io import DatasetError

from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, tasks_of
from synthetic_textcat.schemas.tasks_file import KeptTasks
from synthetic_textcat.text.visible_text import single_line


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
