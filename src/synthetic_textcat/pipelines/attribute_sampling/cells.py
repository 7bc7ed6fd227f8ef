"""Which cells a quota has: every combination of values that can be drawn, of the columns that it names."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from synthetic_textcat.errors import ParameterError, nearest
from synthetic_textcat.pipelines.attribute_sampling.drawing import choice_of
from synthetic_textcat.schemas.attributes import OwnChoice, chosen_weights, weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Label, Task

MOST_CELLS = 100_000

_OF_TASK = ("task", "task_id")
_OF_LABELS = ("label", "misleading_label")


def tasks_by_cell(
    tasks: Sequence[Task], sampling: AttributeSamplingParameters, own: Sequence[str]
) -> dict[Cell, list[Task]]:
    """All cells, each with the tasks that can have rows in it, in the order of the tasks.

    Args:
        tasks: In the order of the plan.
        sampling: Its `per` names the columns.
        own: The names of all own attributes.

    Raises:
        ParameterError: If a column is not in the plan, or there are more than `MOST_CELLS`.
    """
    _refuse_unknown(sampling.per, own)
    found: dict[Cell, list[Task]] = {}
    for task in tasks:
        for cell in _cells(task, sampling):
            able = found.setdefault(cell, [])
            if not able or able[-1] is not task:
                able.append(task)
            if len(found) > MOST_CELLS:
                raise ParameterError(
                    f"Parameter attribute_sampling.per makes more than {MOST_CELLS:,} cells. Next: name fewer columns"
                )
    return found


def _refuse_unknown(per: Sequence[str], own: Sequence[str]) -> None:
    columns = (*_OF_TASK, *ATTRIBUTES, *own, *_OF_LABELS)
    for name in per:
        if name not in columns:
            raise ParameterError(
                f"Parameter attribute_sampling.per names {name!r}, which is no column of the plan with values to fill; "
                f"{nearest(name, columns)}"
            )


def _cells(task: Task, sampling: AttributeSamplingParameters) -> Iterator[Cell]:
    for label in task.labels or (None,):
        yield from product(*(_values(name, task, label, sampling) for name in sampling.per))


def _values(name: str, task: Task, label: Label | None, sampling: AttributeSamplingParameters) -> Sequence[str | None]:
    """What a row of the task with this label can have in a column."""
    if name in _OF_TASK:
        return [getattr(task, name)]
    if name == "label":
        return [label.name if label else None]
    if name == "misleading_label":
        return sorted(other for other in task.label_names if other != label.name) if label else [None]
    if name in ATTRIBUTES:
        return list(weights_of(name, choice_of(task, name, sampling)))
    return _own_values((label.extra if label else {}, task.extra, sampling.extra), name)


def _own_values(choices: Sequence[Mapping[str, OwnChoice]], name: str) -> Sequence[str | None]:
    """By the first of these that has a choice."""
    return next((list(chosen_weights(own[name])) for own in choices if name in own), [None])
