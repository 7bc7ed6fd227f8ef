"""Choices of values per attribute: a label's choice overrides its task's, and the task's overrides the parameters'."""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from synthetic_textcat.hashing import Keys, canonical_json, derived
from synthetic_textcat.pipelines.attribute_sampling.apportionment import Balanced
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, independent, streams_of
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
        sampling: The parameters.
        own: The names of all own attributes of the plan.
    """

    def __init__(self, task: Task, sampling: AttributeSamplingParameters, own: Sequence[str]) -> None:
        is_exact, labels = sampling.balance == "exact", sorted(task.labels, key=lambda label: label.name)
        self._num_labels = len(labels)
        if labels:
            self._label = _numbers([label.weight for label in labels], is_exact=is_exact)
            self._misleading = _numbers([1.0] * (len(labels) - 1), is_exact=is_exact)
        self._streams: dict[str, list[tuple[int, str, Values]]] = {}  # a label's number, or -1 for all others; name
        for name in (*ATTRIBUTES, *own):
            usual = (
                choice_of(task, name, sampling)
                if name in ATTRIBUTES
                else task.extra.get(name, sampling.extra.get(name))
            )
            choices: list[tuple[int, str, Choice]] = (
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

    def draw(self, keys: Keys, counts: Ints) -> Codes:
        """Codes of the first rows of tasks, flat; those of labels number a task's labels sorted by name.

        Args:
            keys: Of the tasks.
            counts: Rows of each.
        """
        task = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
        label = misleading = np.full(len(task), -1, np.int32)
        if self._num_labels:
            label = self._label.draw(derived(keys, "label"), task)
            by_label = np.array([derived(keys, "misleading_label", number) for number in range(self._num_labels)])
            ahead = self._misleading.draw(by_label.T.ravel(), task * self._num_labels + label)
            misleading = (label + 1 + ahead) % self._num_labels
        codes = {name: np.full(len(task), -1, np.int32) for name in self._streams}
        for column, streams in self._streams.items():
            before, own = 0, [number for number, *_ in streams]
            for number, name, values in streams:
                rows = np.flatnonzero(label == number if number >= 0 else ~np.isin(label, own) | (label < 0))
                stream_keys = derived(keys, column, *([name, "label"] if number >= 0 else []))
                codes[column][rows] = before + values.draw(stream_keys, task[rows])
                before += len(values.names)
        return codes | {"label": label, "misleading_label": misleading}

    def equal_weight_groups(self, column: str, codes: Codes) -> tuple[Ints, Ints]:
        """For each row a code of the group of equal weight that its value is drawn from, and its number of values.

        Within a cycle of draws from one group of a stream, rows can swap their values.
        """
        if column == "misleading_label":
            return codes["label"], np.full(len(codes["label"]), max(1, self._num_labels - 1))
        first, size = [np.array([], np.int64)], [np.array([], np.int64)]
        for *_, values in self._streams[column]:
            assert values.balanced is not None
            of_first, of_size = values.balanced.equal_weight_groups
            first.append(of_first + sum(map(len, first)))
            size.append(of_size)
        return np.concatenate([*first, [-1]])[codes[column]], np.concatenate([*size, [1]])[codes[column]]


def choice_of(task: Task, name: str, sampling: AttributeSamplingParameters) -> Choice:
    """Choice of an attribute for a task: the task's own, else the parameters'."""
    own: Choice = getattr(task, name)
    usual: Choice = getattr(sampling, name)
    return usual if own is None else own


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


def _numbers(weights: Sequence[float], *, is_exact: bool) -> Values:
    return values_of(tuple(shares_of(dict(enumerate(weights))).items()), is_exact=is_exact)
