"""The rows of one task: what is drawn for each, by its number within the task."""

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic_textcat.hashing import draw_int, short_id
from synthetic_textcat.pipelines.attribute_sampling.apart import MOST_APART, keep_apart
from synthetic_textcat.pipelines.attribute_sampling.column import REACH, Column, Values
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
        return {
            "request_id": [short_id(*key, replicate) for replicate in range(rows)],
            "task_id": [task.task_id] * rows,
            "replicate": range(rows),
            "task": [task.task] * rows,
            **attributes,
            **{name: self._own_attribute(task, name, attributes) for name in self._own},
            "seed": [draw_int(31, *key, replicate, "seed") for replicate in range(rows)],
        }

    def _attributes(self, task: Task, rows: int) -> dict[str, Values]:
        """The four attributes, the label and the misleading label."""
        key, drawing = (self._seed, task.task_id), self._drawing
        columns = {name: Column(drawing.attribute(task, name), *key, name) for name in ATTRIBUTES}
        columns["label"] = label = Column(drawing.label(task), *key, "label")
        columns["misleading_label"] = Column(drawing.misleading_label(task), *key, "misleading_label")
        _extend(columns, min(rows, MOST_APART))
        if self._repeats([column.values for column in columns.values()]):
            _extend(columns, REACH)
            keep_apart([label.values], [columns[name] for name in _MOVABLE], rows)
        if rows > len(label.values):
            _extend(columns, rows - len(label.values))
        return {name: column.values[:rows] for name, column in columns.items()}

    def _own_attribute(self, task: Task, name: str, attributes: dict[str, Values]) -> Values:
        """One of the user's own, of rows with these attributes."""
        own = Column(self._drawing.own_attribute(task, name), self._seed, task.task_id, name)
        planned, label = list(attributes.values()), attributes["label"]
        own.extend(label[:MOST_APART])
        if self._repeats([*planned, own.values]):
            own.extend(self._labels_after(task, len(own.values)))
            keep_apart(planned, [own], len(label))
        own.extend(label[len(own.values) :])
        return own.values[: len(label)]

    def _labels_after(self, task: Task, rows: int) -> Values:
        """The labels of the next rows, as far as they count."""
        label = Column(self._drawing.label(task), self._seed, task.task_id, "label")
        label.extend([None] * (rows + REACH))
        return label.values[rows:]

    def _repeats(self, columns: Sequence[Values]) -> bool:
        """Whether rows are planned alike that need not be."""
        return self._is_exact and len(set(zip(*columns, strict=False))) < len(columns[-1])


def _extend(columns: Mapping[str, Column], rows: int) -> None:
    """Draws so many further rows."""
    label = columns["label"].values
    before = len(label)
    for name in (*ATTRIBUTES, "label"):
        columns[name].extend([None] * rows)
    columns["misleading_label"].extend(label[before:])
