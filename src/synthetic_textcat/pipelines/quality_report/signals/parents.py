"""Parents of dependent attributes, by the task and the label of a row."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.own_attributes import OwnChoice, parent_of
from synthetic_textcat.schemas.tasks import Task


class Parents:
    """The attribute, if any, that a row's value of an own attribute depends on.

    A label's choice replaces its task's, and that the parameters'. Rows with several labels have the choice of a label
    by lot, which no table keeps: where one of their labels has a choice of its own, they count as independent.

    Args:
        tasks: The tasks of the plan.
        usual: Own attributes of the parameters.
    """

    def __init__(self, tasks: Iterable[Task], usual: Mapping[str, OwnChoice]) -> None:
        self._of_task: dict[str, dict[str, str]] = {}
        self._of_label: dict[str, dict[tuple[str, str], str | None]] = {}
        for task in tasks:
            for name, choice in {**usual, **task.extra}.items():
                if (parent := parent_of(choice)) is not None:
                    self._of_task.setdefault(name, {})[task.task_id] = parent
            for label in task.labels:
                for name, choice in label.extra.items():
                    if task.task_type == "multi_label":
                        self._of_task.get(name, {}).pop(task.task_id, None)
                    else:
                        self._of_label.setdefault(name, {})[task.task_id, label.name] = parent_of(choice)

    def split(self, attribute: str, rows: pd.DataFrame) -> Iterator[tuple[str | None, NDArray[np.bool_] | slice]]:
        """The rows by the attribute's parent: which rows, for each; None for rows whose value depends on none.

        Args:
            attribute: An attribute of the plan.
            rows: Rows of the plan, with `task_id` and `label`.
        """
        of_task, of_label = self._of_task.get(attribute, {}), self._of_label.get(attribute, {})
        if not of_task and not any(of_label.values()):
            yield None, slice(None)
            return
        parents = rows["task_id"].map(of_task).astype(object).to_numpy(copy=True)
        for (task_id, label), parent in of_label.items():
            parents[((rows["task_id"] == task_id) & (rows["label"] == label)).to_numpy()] = parent
        # A report may be made with other parameters than its plan, so that a parent is no column.
        is_none = ~pd.Series(parents).isin(rows.columns).to_numpy()
        if is_none.any():
            yield None, is_none
        for parent in sorted({*parents[~is_none]}):
            yield parent, parents == parent
