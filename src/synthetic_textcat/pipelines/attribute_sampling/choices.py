"""Values that the rows of a task are drawn from, and the codes that number them: a label's and a task's choices first."""

import json
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from synthetic_textcat.hashing import canonical_json
from synthetic_textcat.pipelines.attribute_sampling.apportionment import Balanced
from synthetic_textcat.pipelines.attribute_sampling.draws import Ints, Keys, independent, stream_keys, streams_of
from synthetic_textcat.schemas.attributes import Choice, chosen_weights, shares_of, weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
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
        order, counts = np.argsort(stream, kind="stable"), np.bincount(stream, minlength=len(keys))
        codes = np.empty(len(stream), np.int32)
        drawn = (
            self.balanced.draw(keys, counts) if self.balanced else independent(streams_of(keys, counts), self.shares)
        )
        codes[order] = drawn
        return codes


class TaskChoices:
    """The values of all columns, for tasks that have the same choices and as many labels.

    A stream of draws is a function of seed, task, attribute and, if that has a choice of its own, the label. So no
    other task and no other attribute moves it.

    Args:
        task: One of the tasks.
        sampling: The parameters.
        own: The names of all own attributes of the plan.
    """

    def __init__(self, task: Task, sampling: AttributeSamplingParameters, own: Sequence[str]) -> None:
        is_exact, labels = sampling.balance == "exact", sorted(task.labels, key=lambda label: label.name)
        self.num_labels = len(labels)
        if labels:
            self._label = _numbers(tuple(label.weight for label in labels), is_exact)
            self._misleading = _numbers((1.0,) * (len(labels) - 1), is_exact)
        self._streams: dict[str, list[tuple[int | None, str, Values]]] = {}  # label's number and name, values
        for name in ATTRIBUTES:
            choice = canonical_json(choice_of(task, name, sampling))
            self._streams[name] = [(None, "", _values(name, choice, is_exact))]
        for name in own:
            usual = task.extra.get(name, sampling.extra.get(name))
            choices = [] if usual is None else [(None, "", usual)]
            choices += [(n, label.name, label.extra[name]) for n, label in enumerate(labels) if name in label.extra]
            self._streams[name] = [(*label, _values(name, canonical_json(of), is_exact)) for *label, of in choices]

    def names(self, column: str) -> list[str]:
        """The values of an attribute in the order of their codes."""
        return [name for *_, values in self._streams[column] for name in values.names]

    def draw(self, keys: Keys, counts: Ints) -> Codes:
        """Codes of the first rows of tasks, flat; those of labels number a task's labels sorted by name.

        Args:
            keys: Of the tasks.
            counts: Rows of each.
        """
        task = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
        label = misleading = np.full(len(task), -1, np.int32)
        if self.num_labels:
            label = self._label.draw(stream_keys(keys, "label"), task)
            by_label = np.array([stream_keys(keys, "misleading_label", n) for n in range(self.num_labels)])
            ahead = self._misleading.draw(by_label.T.ravel(), task * self.num_labels + label)
            misleading = (label + 1 + ahead) % self.num_labels
        codes = {name: self._drawn(name, keys, task, label) for name in self._streams}
        return codes | {"label": label, "misleading_label": misleading}

    def equal_weight_groups(self, column: str, codes: Codes) -> tuple[Ints, Ints]:
        """For each row the group that its value is drawn from, of one stream and one weight, and how many values it has.

        Within a cycle of draws from a group, rows can swap their values.
        """
        if column == "misleading_label":
            return codes["label"], np.full(len(codes["label"]), max(1, self.num_labels - 1))
        groups = [
            g for *_, values in self._streams[column] for g in (values.balanced.groups if values.balanced else [])
        ]
        sizes = np.array([len(group) for group in groups] + [1])
        before = np.cumsum([0] + [len(values.names) for *_, values in self._streams[column]])
        group_of = np.full(before[-1] + 1, len(groups))  # that of code -1 last
        number = 0
        for start, (*_, values) in zip(before[:-1], self._streams[column], strict=True):
            for group in values.balanced.groups if values.balanced else []:
                group_of[start + group] = number
                number += 1
        group = group_of[codes[column]]
        return group, sizes[group]

    def _drawn(self, column: str, keys: Keys, task: Ints, label: Ints) -> Ints:
        codes, before = np.full(len(task), -1, np.int32), 0
        own = [number for number, *_ in self._streams[column] if number is not None]
        for number, name, values in self._streams[column]:
            rows = np.flatnonzero(~np.isin(label, own) if number is None else label == number)
            tags = (column,) if number is None else (column, name, "label")
            codes[rows] = before + values.draw(stream_keys(keys, *tags), task[rows])
            before += len(values.names)
        return codes


def choice_of(task: Task, name: str, sampling: AttributeSamplingParameters) -> Choice:
    """The choice that an attribute of the task is drawn by: its own, else that of the parameters."""
    own: Choice = getattr(task, name)
    usual: Choice = getattr(sampling, name)
    return usual if own is None else own


@lru_cache(maxsize=512)
def _numbers(weights: tuple[float, ...], is_exact: bool) -> Values:
    shares = tuple(shares_of(dict(enumerate(weights))).values())
    return Values(range(len(shares)), shares, Balanced(shares) if is_exact else None)


@lru_cache(maxsize=512)
def _values(name: str, choice: str, is_exact: bool) -> Values:
    """By the choice in JSON; many tasks have the same one."""
    chosen = json.loads(choice)
    weights = weights_of(name, chosen) if name in ATTRIBUTES else chosen_weights(chosen)
    return Values(list(weights), tuple(weights.values()), Balanced(tuple(weights.values())) if is_exact else None)
