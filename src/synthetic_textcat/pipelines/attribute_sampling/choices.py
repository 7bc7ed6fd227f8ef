"""Choices of values per attribute: a label's choice overrides its task's, and the task's overrides the parameters'."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.hashing import Keys, canonical_json, derived
from synthetic_textcat.pipelines.attribute_sampling.apportionment import Balanced
from synthetic_textcat.pipelines.attribute_sampling.label_odds import LabelOdds
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, independent, streams_of
from synthetic_textcat.schemas.attributes import Choice, chosen_weights, shares_of, weights_of
from synthetic_textcat.schemas.own_attributes import OwnChoice, check_dependent, parent_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task

Codes = dict[str, Ints]
"""Column → the number of each row's value, -1 for none."""


class Values(NamedTuple):
    """Values and their shares; `balanced` draws keep to these, without it each row is drawn for itself."""

    names: Sequence[Any]
    shares: tuple[Fraction, ...]
    balanced: Balanced | None

    def draw(self, keys: Keys, stream: Ints) -> Ints:
        """The number of each row's value, by the number of its stream; the rows of a stream are in its order."""
        codes, counts = np.empty(len(stream), np.int32), np.bincount(stream, minlength=len(keys))
        drawn = (
            self.balanced.draw(keys, counts) if self.balanced else independent(streams_of(keys, counts), self.shares)
        )
        codes[np.argsort(stream, kind="stable")] = drawn
        return codes


class TaskChoices:
    """The values of all columns, for tasks that have the same choices and as many labels.

    A stream of draws is a function of seed, task, attribute and, if that has a choice of its own, the label. So no
    other task and no other attribute moves it.

    Args:
        task: One of the tasks.
        keys: The key of each task.
        misleading: For each task its `label_odds`, or one for all of them.
        sampling: The parameters.
        own: The names of all own attributes of the plan.
    """

    def __init__(
        self,
        task: Task,
        keys: Keys,
        misleading: Sequence[LabelOdds],
        sampling: AttributeSamplingParameters,
        own: Sequence[str],
    ) -> None:
        is_exact, labels = sampling.balance == "exact", sorted(task.labels, key=lambda label: label.name)
        self._keys, self._num_labels = keys, len(labels)
        if labels:
            self._label = _numbers(tuple(label.weight for label in labels), is_exact)
            self._misleading = _MisleadingLabels(misleading, len(keys), is_exact)
        self._streams: dict[str, list[tuple[int, str, Values]]] = {}  # a label's number, or -1 for all others; name
        for name in (*ATTRIBUTES, *own):
            usual = choice_of(task, name, sampling)
            choices: list[tuple[int, str, Choice | OwnChoice]] = (
                [(-1, "", usual)] if name in ATTRIBUTES or usual is not None else []
            )
            choices += [(n, label.name, label.extra[name]) for n, label in enumerate(labels) if name in label.extra]
            self._streams[name] = [
                (n, of, values_of(tuple(shares_of_choice(name, canonical_json(choice)).items()), is_exact=is_exact))
                for n, of, choice in choices
            ]

    def names(self, column: str) -> list[str]:
        """Values of an attribute in the order of their codes."""
        return [name for *_, values in self._streams[column] for name in values.names]

    def draw(self, tasks: Ints, counts: Ints) -> Codes:
        """Codes of the first rows of tasks, flat; those of labels number a task's labels sorted by name.

        Args:
            tasks: Numbers of the tasks.
            counts: Rows of each.
        """
        keys = self._keys[tasks]
        task = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
        label = misleading = np.full(len(task), -1, np.int32)
        if self._num_labels:
            label = self._label.draw(derived(keys, "label"), task)
            misleading = self._misleading.draw(keys, tasks, task, label)
        codes = {name: np.full(len(task), -1, np.int32) for name in self._streams}
        for column, streams in self._streams.items():
            before, own = 0, [number for number, *_ in streams]
            for number, name, values in streams:
                rows = np.flatnonzero(label == number if number >= 0 else ~np.isin(label, own) | (label < 0))
                stream_keys = derived(keys, column, *([name, "label"] if number >= 0 else []))
                codes[column][rows] = before + values.draw(stream_keys, task[rows])
                before += len(values.names)
        return codes | {"label": label, "misleading_label": misleading}

    def equal_weight_groups(self, column: str, tasks: Ints, codes: Codes) -> tuple[Ints, Ints]:
        """For each row a code of the group of equal weight that its value is drawn from, and its number of values.

        Within a cycle of draws from one group of a stream, rows can swap their values.

        Args:
            column: Of the plan.
            tasks: Number of each row's task.
            codes: Of the rows.
        """
        if column == "misleading_label" and self._num_labels:
            return self._misleading.equal_weight_groups(tasks, codes["label"], codes[column])
        if column == "misleading_label":
            return codes["label"], np.ones(len(tasks), np.int64)
        first, size = [np.array([], np.int64)], [np.array([], np.int64)]
        for *_, values in self._streams[column]:
            assert values.balanced is not None
            of_first, of_size = values.balanced.equal_weight_groups
            first.append(of_first + sum(map(len, first)))
            size.append(of_size)
        return np.concatenate([*first, [-1]])[codes[column]], np.concatenate([*size, [1]])[codes[column]]


class _MisleadingLabels:
    """Draws of misleading labels, with a stream for each task and label.

    Args:
        odds: For each task its `label_odds`, or one for all of them.
        tasks: Number of tasks.
        is_exact: Whether draws are balanced.
    """

    def __init__(self, odds: Sequence[LabelOdds], tasks: int, is_exact: bool) -> None:
        distinct: dict[tuple[float, ...], int] = {}
        numbers = [[distinct.setdefault(weights, len(distinct)) for weights in of_task] for of_task in odds]
        self._num_labels = len(odds[0])
        self._of_label = np.broadcast_to(np.array(numbers), (tasks, self._num_labels))
        self._values = [_numbers(weights, is_exact) for weights in distinct]

    def draw(self, keys: Keys, tasks: Ints, task: Ints, label: Ints) -> Ints:
        """Number of each row's misleading label.

        Args:
            keys: Key of each task that has rows.
            tasks: Number of each of these.
            task: Place in these of each row's task.
            label: Number of each row's label.
        """
        stream = task * self._num_labels + label
        by_label = np.array([derived(keys, "misleading_label", number) for number in range(self._num_labels)]).T.ravel()
        if len(self._values) == 1:
            ahead = np.array(self._values[0].names)[self._values[0].draw(by_label, stream)]
        else:
            ahead, number = np.empty(len(label), np.int32), self._of_label[tasks].ravel()[stream]
            ends = np.cumsum(np.bincount(number, minlength=len(self._values)))
            for values, rows in zip(self._values, np.split(np.argsort(number, kind="stable"), ends[:-1]), strict=True):
                streams, own = np.unique(stream[rows], return_inverse=True)
                ahead[rows] = np.array(values.names)[values.draw(by_label[streams], own)]
        misleading: Ints = (label + 1 + ahead) % self._num_labels
        return misleading

    def equal_weight_groups(self, tasks: Ints, label: Ints, misleading: Ints) -> tuple[Ints, Ints]:
        """As in `TaskChoices`."""
        first, size = np.zeros((2, len(self._values), self._num_labels - 1), np.int64)
        for number, values in enumerate(self._values):
            assert values.balanced is not None
            first[number, values.names], size[number, values.names] = values.balanced.equal_weight_groups
        of_label, ahead = self._of_label[tasks, label], (misleading - label - 1) % self._num_labels
        return label * self._num_labels + first[of_label, ahead], size[of_label, ahead]


def choice_of(task: Task, name: str, sampling: AttributeSamplingParameters) -> Choice | OwnChoice:
    """Choice of an attribute for a task: the task's own, else the parameters'; None for own attributes without one."""
    if name not in ATTRIBUTES:
        return task.extra.get(name, sampling.extra.get(name))
    own: Choice = getattr(task, name)
    usual: Choice = getattr(sampling, name)
    return usual if own is None else own


def refuse_undrawable(tasks: Iterable[Task], sampling: AttributeSamplingParameters, own: Sequence[str]) -> None:
    """Refuses dependent attributes that can't be drawn for a task or label.

    Raises:
        ParameterError: For the first task and label, with the attribute and the next step.
    """
    for task in tasks:
        choices = {name: choice_of(task, name, sampling) for name in (*ATTRIBUTES, *own)}
        of_labels = [(f", label {label.name!r}", label.extra) for label in task.labels if label.extra]
        for place, extra in [("", {}), *of_labels]:
            if not any(parent_of(choice) for choice in (choices | extra).values()):
                continue
            try:
                check_dependent(choices | extra)
            except ValueError as error:
                raise ParameterError(
                    f"Own attributes of the task {shown(task.task)}{place}: {error} (attribute_sampling.extra, or "
                    "extra in the tasks file)"
                ) from None


@lru_cache(maxsize=512)
def shares_of_choice(name: str, choice: str) -> Mapping[str, Fraction]:
    """Share of each value of an attribute; cached per choice in JSON, since many tasks have the same choice."""
    chosen = json.loads(choice)
    return weights_of(name, chosen) if name in ATTRIBUTES else chosen_weights(chosen)


@lru_cache(maxsize=512)
def values_of(shares: tuple[tuple[Any, Fraction], ...], *, is_exact: bool) -> Values:
    """Values with their shares, which sum to 1; cached, since draws fit their odds first."""
    names, odds = zip(*shares, strict=True)
    return Values(names, odds, Balanced(odds) if is_exact else None)


def _numbers(weights: Sequence[float], is_exact: bool) -> Values:
    """The places of all weights but those of 0."""
    shares = shares_of({place: weight for place, weight in enumerate(weights) if weight})
    return values_of(tuple(shares.items()), is_exact=is_exact)
