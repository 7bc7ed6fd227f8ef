"""Choices of values per attribute: a label's choice overrides its task's, and the task's overrides the parameters'."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.hashing import Keys, canonical_json, derived
from synthetic_textcat.pipelines.attribute_sampling.one_label import OneLabel
from synthetic_textcat.pipelines.attribute_sampling.several_labels import SeveralLabels, labels_by_name
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints
from synthetic_textcat.pipelines.attribute_sampling.values import Codes, Values, shares_of_choice, values_of
from synthetic_textcat.schemas.attributes import Choice
from synthetic_textcat.schemas.own_attributes import OwnChoice, branches_of, check_dependent, parent_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Label, Task


class _Stream(NamedTuple):
    """Draws of an attribute's values for some rows of a task.

    Attributes:
        label: Number of the label whose own choice it is, -1 for rows without such a label.
        names: Names from which the keys of the draws are derived.
        values: The values.
        given: Value of the parent that the rows have, with a dependent choice.
    """

    label: int
    names: tuple[str, ...]
    values: Values
    given: tuple[str, str] | None = None


class TaskChoices:
    """The values of all columns, for tasks that have the same choices and as many labels.

    A stream of draws is a function of seed, task, attribute and, if that has a choice of its own, the label or the
    parent's value. So no other task and no other attribute moves it.

    Args:
        task: One of the tasks.
        keys: The key of each task.
        labels: Draws of their labels.
        sampling: The parameters.
        own: The names of all own attributes of the plan.

    Raises:
        ParameterError: If attributes of labels depend on one another in a circle.
    """

    def __init__(
        self,
        task: Task,
        keys: Keys,
        labels: OneLabel | SeveralLabels,
        sampling: AttributeSamplingParameters,
        own: Sequence[str],
    ) -> None:
        self._keys, self.labels, is_exact = keys, labels, sampling.balance == "exact"
        self._streams: dict[str, list[_Stream]] = {}
        for name in (*ATTRIBUTES, *own):
            usual = choice_of(task, name, sampling)
            streams = (
                _streams_of(name, usual, -1, (), is_exact=is_exact) if name in ATTRIBUTES or usual is not None else []
            )
            for number, label in enumerate(labels_by_name(task)):
                if name in label.extra:
                    streams += _streams_of(name, label.extra[name], number, (label.name, "label"), is_exact=is_exact)
            self._streams[name] = streams
        self._dependent = _parents_first(self._streams)

    def names(self, column: str) -> list[str]:
        """Values of an attribute in the order of their codes."""
        return [name for stream in self._streams[column] for name in stream.values.names]

    def is_dependent(self, column: str) -> bool:
        """Whether an attribute is drawn by the values of another one."""
        return column in self._dependent

    def draw(self, tasks: Ints, counts: Ints) -> Codes:
        """Codes of the first rows of tasks, flat; those of labels number a task's labels sorted by name.

        Args:
            tasks: Numbers of the tasks.
            counts: Rows of each.
        """
        codes = self.draw_without_dependent(tasks, counts)
        self.add_dependent(tasks, counts, codes)
        return codes

    def draw_without_dependent(self, tasks: Ints, counts: Ints) -> Codes:
        """As `draw`, with -1 for dependent attributes."""
        codes = self.labels.draw(self._keys[tasks], tasks, counts)
        for column in self._streams:
            codes[column] = np.full(int(counts.sum()), -1, np.int32)
            if column not in self._dependent:
                self._add(column, tasks, counts, codes)
        return codes

    def add_dependent(self, tasks: Ints, counts: Ints, codes: Codes) -> None:
        """Adds the dependent attributes of rows, by the values that their parents have now."""
        for column in self._dependent:
            codes[column][:] = -1
            self._add(column, tasks, counts, codes)

    def _add(self, column: str, tasks: Ints, counts: Ints, codes: Codes) -> None:
        keys, before = self._keys[tasks], 0
        task = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
        labels = sorted({stream.label for stream in self._streams[column] if stream.label >= 0})
        owner = self.labels.owners(column, keys, counts, codes, labels)
        for stream in self._streams[column]:
            of_stream = owner == stream.label
            if stream.given is not None:
                parent, value = stream.given
                of_stream &= np.isin(codes[parent], np.flatnonzero(np.array(self.names(parent), object) == value))
            rows = np.flatnonzero(of_stream)
            codes[column][rows] = before + stream.values.draw(derived(keys, column, *stream.names), task[rows])
            before += len(stream.values.names)

    def equal_weight_groups(self, column: str, tasks: Ints, codes: Codes) -> tuple[Ints, Ints]:
        """For each row a code of the group of equal weight that its value is drawn from, and its number of values.

        Within a cycle of draws from one group of a stream, rows can swap their values.

        Args:
            column: Of the plan.
            tasks: Number of each row's task.
            codes: Of the rows.
        """
        if column == "misleading_label":
            return self.labels.equal_weight_groups(tasks, codes)
        first, size = [np.array([], np.int64)], [np.array([], np.int64)]
        for stream in self._streams[column]:
            of_first, of_size = stream.values.equal_weight_groups
            first.append(of_first + sum(map(len, first)))
            size.append(of_size)
        return np.concatenate([*first, [-1]])[codes[column]], np.concatenate([*size, [1]])[codes[column]]


def _streams_of(
    name: str, choice: Choice | OwnChoice, label: int, names: tuple[str, ...], *, is_exact: bool
) -> list[_Stream]:
    """Streams of a choice: one, or one for each value of the parent."""
    parent = parent_of(choice)
    if parent is None:
        shares = shares_of_choice(name, canonical_json(choice))
        return [_Stream(label, names, values_of(tuple(shares.items()), is_exact=is_exact))]
    return [
        _Stream(
            label,
            (*names, parent, value, "given"),
            values_of(tuple(shares_of_choice(name, canonical_json(branch)).items()), is_exact=is_exact),
            (parent, value),
        )
        for value, branch in branches_of(cast("OwnChoice", choice)).items()
    ]


def _parents_first(streams: Mapping[str, Sequence[_Stream]]) -> list[str]:
    """The dependent attributes in the order of drawing.

    Raises:
        ParameterError: If choices of different labels make a circle.
    """
    parents = {name: {stream.given[0] for stream in own if stream.given} for name, own in streams.items()}
    open_, order = [name for name, own in parents.items() if own], list[str]()
    while open_:
        ready = [name for name in open_ if not parents[name] & {*open_}]
        if not ready:
            raise ParameterError(
                f"The own attributes {', '.join(open_)} depend on one another, by choices of different labels. Next: "
                "give one of them plain values"
            )
        order += ready
        open_ = [name for name in open_ if name not in ready]
    return order


def choice_of(task: Task, name: str, sampling: AttributeSamplingParameters) -> Choice | OwnChoice:
    """Choice of an attribute for a task: the task's own, else the parameters'; None for own attributes without one."""
    if name not in ATTRIBUTES:
        return task.extra.get(name, sampling.extra.get(name))
    own: Choice = getattr(task, name)
    usual: Choice = getattr(sampling, name)
    return usual if own is None else own


def choices_of(
    task: Task, label: Label | None, sampling: AttributeSamplingParameters, own: Iterable[str] = ()
) -> dict[str, Choice | OwnChoice]:
    """Choice of each attribute for rows of a task with a label, or with none that has choices of its own."""
    names = dict.fromkeys((*ATTRIBUTES, *sampling.extra, *task.extra, *own))
    return {name: choice_of(task, name, sampling) for name in names} | (label.extra if label else {})


def refuse_undrawable(tasks: Iterable[Task], sampling: AttributeSamplingParameters, own: Sequence[str]) -> None:
    """Refuses dependent attributes that can't be drawn for a task or label.

    Raises:
        ParameterError: For the first task and label, with the attribute and the next step.
    """
    for task in tasks:
        for label in (None, *(label for label in task.labels if label.extra)):
            choices, place = choices_of(task, label, sampling, own), f", label {label.name!r}" if label else ""
            if not any(parent_of(choice) for choice in choices.values()):
                continue
            try:
                check_dependent(choices)
            except ValueError as error:
                raise ParameterError(
                    f"Own attributes of the task {shown(task.task)}{place}: {error} (attribute_sampling.extra, or "
                    "extra in the tasks file)"
                ) from None
