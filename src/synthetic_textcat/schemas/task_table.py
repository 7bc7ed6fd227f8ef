"""Task table: the tasks of a plan as objects that are made when they are looked at.

A task as an object takes 3 kB, so that those of a plan with three rows a task would take more memory than its rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Generic, Self, TypeVar, overload

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task, task_from_row
from synthetic_textcat.tables import FrameTable, IdPositions

_KEPT = 1 << 17
"""Tasks that are kept as objects, some 400 MB: a plan goes through its tasks in turn, so of more none would be kept."""

_MADE_AT_ONCE = 1_000
_COLUMNS = ("task_id", "task", "labels", "seed_examples", "weight", "attributes", "task_type")

Made = TypeVar("Made")


class TaskTable(Sequence[Task]):
    """The tasks of the table `tasks`, in its order, as Arrow columns; each is made when it is looked at.

    Args:
        rows: Some columns of the table.
    """

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """The tasks of a frame, of which an earlier version may have written fewer columns."""
        schema = pa.schema([TASKS_ARROW_SCHEMA.field(name) for name in _COLUMNS if name in frame])
        rows = pa.Table.from_pandas(frame, schema, preserve_index=False)
        return cls(rows.replace_schema_metadata())  # it names dtypes, of which pandas can't read Arrow's lists

    def __len__(self) -> int:
        """Number of tasks."""
        return len(self._rows)

    @overload
    def __getitem__(self, key: int) -> Task: ...

    @overload
    def __getitem__(self, key: slice) -> "TaskTable": ...

    def __getitem__(self, key: int | slice) -> "Task | TaskTable":
        """A task, or some that follow one another."""
        if isinstance(key, slice):
            return TaskTable(self._rows[key])
        [row] = self._rows.slice(range(len(self))[key], 1).to_pylist()
        return task_from_row(row)

    def __iter__(self) -> Iterator[Task]:
        """All tasks, one after the other."""
        for start in range(0, len(self), _MADE_AT_ONCE):
            yield from map(task_from_row, self._rows.slice(start, _MADE_AT_ONCE).to_pylist())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its columns."""
        return TaskTable, (self._rows,)

    @property
    def ids(self) -> list[str]:
        """Ids of the tasks."""
        ids: list[str] = self._rows["task_id"].to_pylist()
        return ids

    @property
    def sentences(self) -> list[str]:
        """The sentence of each task."""
        sentences: list[str] = self._rows["task"].to_pylist()
        return sentences

    @property
    def label_counts(self) -> NDArray[np.int64]:
        """Number of labels of each task's label set; 0 of a task whose labels the model invents."""
        counts: NDArray[np.int64] = pc.list_value_length(self._rows["labels"]).to_numpy().astype(np.int64)
        return counts

    @property
    def label_names(self) -> list[str]:
        """Names of all labels, task by task, in their order."""
        labels = pc.list_flatten(self._rows["labels"])
        names: list[str] = pc.struct_field(labels, "name").to_pylist()
        return names

    @cached_property
    def by_id(self) -> "OfTasks[Task]":
        """The tasks by their ids."""
        return self.each(_itself)

    def each(self, make: Callable[[Task], Made], kept: int = _KEPT) -> "OfTasks[Made]":
        """Values that are made of the tasks when they are looked up, by task id."""
        return OfTasks(self, make, kept)

    @property
    def with_seed_examples(self) -> "TaskTable":
        """The tasks that have seed examples."""
        return self._where(pc.greater(pc.list_value_length(self._rows["seed_examples"]), 0))

    @property
    def with_several_labels(self) -> "TaskTable":
        """The tasks with several labels a text."""
        if "task_type" not in self._rows.column_names:
            return self[:0]
        return self._where(pc.equal(self._rows["task_type"], "multi_label"))

    def with_labels(self, more_than: int) -> "TaskTable":
        """The tasks with more labels than so many in their label sets."""
        return self._where(pc.greater(pc.list_value_length(self._rows["labels"]), more_than))

    def _where(self, mask: pa.ChunkedArray) -> "TaskTable":
        return TaskTable(self._rows.filter(mask))

    @cached_property
    def _positions(self) -> IdPositions:
        return IdPositions(FrameTable(self._rows.select(["task_id"]).to_pandas()), "task_id")

    def place(self, task_id: str) -> int:
        """Position of the task with this id; -1 if there is none."""
        return self._positions.of_one(task_id)


class OfTasks(Mapping[str, Made], Generic[Made]):
    """Values by task id, made when they are looked up and kept for a bounded number of tasks.

    Args:
        tasks: The tasks.
        make: Makes it of a task.
        kept: Number of tasks for which it is kept.
    """

    def __init__(self, tasks: TaskTable, make: Callable[[Task], Made], kept: int) -> None:
        self._tasks, self._make = tasks, make
        self._kept = lru_cache(kept)(self._made)

    def __getitem__(self, task_id: str) -> Made:
        """Value of a task.

        Raises:
            KeyError: If there is none with this id.
        """
        return self._kept(task_id)

    def _made(self, task_id: str) -> Made:
        place = self._tasks.place(task_id)
        if place < 0:
            raise KeyError(task_id)
        return self._make(self._tasks[place])

    def __contains__(self, task_id: object) -> bool:
        """Whether there is a task with this id."""
        return isinstance(task_id, str) and self._tasks.place(task_id) >= 0

    def __iter__(self) -> Iterator[str]:
        """Ids of the tasks."""
        return iter(self._tasks.ids)

    def __len__(self) -> int:
        """Number of tasks."""
        return len(self._tasks)


def tasks_of(frame: pd.DataFrame) -> TaskTable:
    """The tasks of the table `tasks`, in its order."""
    return TaskTable.of(frame)


def as_task_table(tasks: Iterable[Task]) -> TaskTable:
    """The tasks as a table; itself if they are one."""
    if isinstance(tasks, TaskTable):
        return tasks
    rows = pd.DataFrame([task.to_row("file") for task in tasks], columns=TASKS_ARROW_SCHEMA.names)
    return TaskTable.of(rows)


def _itself(task: Task) -> Task:
    return task
