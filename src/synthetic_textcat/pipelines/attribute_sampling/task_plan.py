"""The rows of one task: what is drawn for each, by its number within the task."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from synthetic_textcat.hashing import draw_int, short_id
from synthetic_textcat.pipelines.attribute_sampling.apart import MOST_APART, keep_apart
from synthetic_textcat.pipelines.attribute_sampling.column import REACH, Column
from synthetic_textcat.pipelines.attribute_sampling.drawing import Drawing
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Task

_MOVABLE = ("misleading_label", *reversed(ATTRIBUTES))


class TaskPlanner:
    """Plans tasks.

    A sequence of draws is a function of seed, task, attribute and, where it is a label's own, the label: of no other
    task and no other attribute. Rows that would be planned alike then exchange values, see `apart`: the four attributes
    and the misleading label by one another, an own attribute by these and itself. So one more attribute of the user's
    alters no other one.

    Args:
        sampling: The parameters.
        own: The names of all own attributes of the plan, in the order of their columns.
        seed: The project's.
    """

    def __init__(self, sampling: AttributeSamplingParameters, own: Sequence[str], seed: int) -> None:
        self._seed = seed
        self._own = own
        self._is_exact = sampling.balance == "exact"
        self._drawing = Drawing(sampling)

    def columns(self, task: Task, rows: int) -> dict[str, Sequence[Any]]:
        """The first rows of a task, as columns of `requests`."""
        key = (self._seed, task.task_id)
        attributes = self._attributes(task, rows)
        own = {name: self._own_attribute(task, name, attributes, rows) for name in self._own}
        return {
            "request_id": [short_id(*key, replicate) for replicate in range(rows)],
            "task_id": [task.task_id] * rows,
            "replicate": range(rows),
            "task": [task.task] * rows,
            **{name: column.values[:rows] for name, column in (attributes | own).items()},
            "seed": [draw_int(31, *key, replicate, "seed") for replicate in range(rows)],
        }

    def _attributes(self, task: Task, rows: int) -> dict[str, Column]:
        """The four attributes, the label and the misleading label; further than the rows where these had repeats."""
        key, drawing, first = (self._seed, task.task_id), self._drawing, min(rows, MOST_APART)
        columns = {name: Column(drawing.attribute(task, name), *key, name) for name in ATTRIBUTES}
        columns["label"] = label = Column(drawing.label(task), *key, "label")
        columns["misleading_label"] = Column(drawing.misleading_label(task), *key, "misleading_label")
        _extend(columns, first)
        if self._repeats(columns.values(), first):
            _extend(columns, REACH)
            keep_apart([label.values], [columns[name] for name in _MOVABLE], first)
        if rows > len(label.values):
            _extend(columns, rows - len(label.values))
        return columns

    def _own_attribute(self, task: Task, name: str, attributes: Mapping[str, Column], rows: int) -> Column:
        """One of the user's own, of rows with these attributes."""
        own = Column(self._drawing.own_attribute(task, name), self._seed, task.task_id, name)
        label, first = attributes["label"].values, min(rows, MOST_APART)
        own.extend(label[:first])
        if self._repeats([*attributes.values(), own], first):
            own.extend(label[first : first + REACH])  # there, since the attributes had repeats too
            keep_apart([column.values for column in attributes.values()], [own], first)
        own.extend(label[len(own.values) : rows])
        return own

    def _repeats(self, columns: Iterable[Column], rows: int) -> bool:
        """Whether of the first rows some are planned alike that need not be."""
        planned = zip(*(column.values for column in columns), strict=False)
        return self._is_exact and len(set(islice(planned, rows))) < rows


def _extend(columns: Mapping[str, Column], rows: int) -> None:
    """Draws so many further rows."""
    label = columns["label"].values
    before = len(label)
    for name in (*ATTRIBUTES, "label"):
        columns[name].extend([None] * rows)
    columns["misleading_label"].extend(label[before:])
