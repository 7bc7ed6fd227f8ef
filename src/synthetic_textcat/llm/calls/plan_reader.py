"""Plan reader: planned rows by position, read forward batch by batch, and the task of each."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.tables import RowTable, factorized


class PlanReader:
    """Planned rows by position: one batch is in memory, and 4 bytes a row for the tasks.

    Rows are read in plan order, or nearly so. A step back begins at the first row again.

    Args:
        requests: The plan.
    """

    def __init__(self, requests: RowTable) -> None:
        self._requests = requests
        self._tasks, self._task_ids = factorized(requests, "task_id")
        self._begin()

    def at(self, positions: Sequence[int]) -> pd.DataFrame:
        """The rows at these positions, in their order, so few that they may be in memory.

        Raises:
            IndexError: If the plan has no such row.
        """
        order = np.argsort(positions, kind="stable")
        ascending = np.asarray(positions, np.int64)[order]
        if len(ascending) and ascending[0] < self._start:
            self._begin()
        found, done = [self._requests.empty()], 0
        while done < len(ascending):
            end = int(np.searchsorted(ascending, self._start + len(self._frame)))
            found.append(self._frame.iloc[ascending[done:end] - self._start])
            if end < len(ascending):
                self._advance()
            done = end
        rows = pd.concat(found[1:] or found, ignore_index=True)
        return rows.iloc[np.argsort(order)].reset_index(drop=True)

    def counts(self, positions: NDArray[np.int64]) -> dict[str, int]:
        """Number of these rows by task."""
        numbers, counts = np.unique(self._tasks[positions], return_counts=True)
        return {str(self._task_ids[number]): count for number, count in zip(numbers, counts.tolist(), strict=True)}

    def are_of(self, task_ids: Iterable[str], positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Mask of the rows that belong to one of the tasks."""
        sought = set(task_ids)
        numbers = [number for number, task_id in enumerate(self._task_ids) if task_id in sought]
        return np.isin(self._tasks[positions], numbers)

    def _begin(self) -> None:
        self._frames: Iterator[pd.DataFrame] = self._requests.frames()
        self._frame, self._start = self._requests.empty(), 0

    def _advance(self) -> None:
        self._start += len(self._frame)
        frame = next(self._frames, None)
        if frame is None:
            raise IndexError(f"the plan has no row {self._start}")
        self._frame = frame
