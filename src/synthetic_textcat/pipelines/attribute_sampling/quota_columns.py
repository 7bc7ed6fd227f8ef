"""Columns of a quota: which ones `per` may name, and which ones a slot leaves out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from synthetic_textcat.errors import ParameterError, nearest
from synthetic_textcat.pipelines.attribute_sampling.choices import choices_of
from synthetic_textcat.schemas.own_attributes import parent_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task

_COLUMNS = ("task", "task_id", "label", "misleading_label")


def refuse_unknown_columns(sampling: AttributeSamplingParameters, own: Sequence[str]) -> None:
    """Checks that `per` names columns of the plan.

    Raises:
        ParameterError: For the first column that the plan does not have.
    """
    refuse_unknown(sampling.cell_columns, (*_COLUMNS, *ATTRIBUTES, *own), "names")


def refuse_unknown(names: Any, known: Any, what: str, remedy: str = "") -> None:
    """Checks that `per` names columns or values of the plan.

    Raises:
        ParameterError: For the first unknown name.
    """
    for name in names:
        if name not in known:
            allowed = sorted(value for value in known if value is not None)
            hint = nearest(name, allowed)
            raise ParameterError(
                f"Parameter attribute_sampling.per {what} {name!r}, which no row of the plan has; {hint}{remedy}"
            )


def refuse_columns_of_several_labels(tasks: Iterable[Task], sampling: AttributeSamplingParameters) -> None:
    """Checks that rows of multi-label tasks have one value in each cell column but `label`.

    Raises:
        ParameterError: For a misleading label, proportions of labels, or an attribute that labels choose themselves.
    """
    for task in tasks:
        place = f"which the task {shown(task.task)} with several labels a text does not allow"
        if "misleading_label" in sampling.cell_columns:
            raise ParameterError(
                f"Parameter attribute_sampling.per names misleading_label, {place}. Next: name label, or other columns"
            )
        if "label" in sampling.proportions:
            raise ParameterError(
                f"Parameter attribute_sampling.per gives labels proportions, {place}. Next: write label: all, and give "
                "the labels weights in the tasks file"
            )
        for name in sampling.cell_columns:
            if any(name in label.extra for label in task.labels):
                raise ParameterError(
                    f"Parameter attribute_sampling.per names {name}, for which labels have choices of their own, "
                    f"{place}. Next: give the task the choice, or leave it out of per"
                )


def refuse_mixed_blocks(
    blocks: Iterable[Mapping[int, Any]], tasks: Sequence[Task], sampling: AttributeSamplingParameters
) -> None:
    """Checks that no block has rows of several labels and rows of labels that the model invents.

    Raises:
        ParameterError: If one has.
    """
    kinds = ({tasks[place].task_type for place in own} for own in blocks)
    if "label" in sampling.block_columns and any(len(own) > 1 for own in kinds):
        raise ParameterError(
            "Parameter attribute_sampling.per names label, but no task: tasks with several labels a text and tasks "
            "without a label set would share cells. Next: name the task too, as in [task, label]"
        )


def left_out_of_mix(tasks: Iterable[Task], sampling: AttributeSamplingParameters, own: Sequence[str]) -> set[str]:
    """Attributes whose mix is not kept: their rows come as drawn.

    These are dependent attributes, those on which one in `per` depends, and those that labels of multi-label tasks
    choose for themselves.
    """
    found = {name for task in tasks for name in _left_out_of(task, sampling, own)}
    return found - {*sampling.cell_columns}


def _left_out_of(task: Task, sampling: AttributeSamplingParameters, own: Sequence[str]) -> Iterator[str]:
    for label in (None, *task.labels):
        choices = choices_of(task, label, sampling, own)
        parents = {name: parent for name, choice in choices.items() if (parent := parent_of(choice))}
        yield from parents
        for name in sampling.cell_columns:
            while (parent := parents.get(name)) is not None:
                yield parent
                name = parent  # noqa: PLW2901
        if label is not None and task.task_type == "multi_label":
            yield from label.extra
