"""What the values of a task's rows are drawn from: a task's and a label's own choices come before the parameters'."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from synthetic_textcat.hashing import canonical_json
from synthetic_textcat.pipelines.attribute_sampling.balance import Balance, Draws, draws_of
from synthetic_textcat.pipelines.attribute_sampling.column import Sources
from synthetic_textcat.schemas.attributes import Choice, chosen_weights, shares_of, weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Task


class Drawing:
    """The draws of attributes and labels, by the parameters."""

    def __init__(self, sampling: AttributeSamplingParameters) -> None:
        self._balance = sampling.balance
        choices: dict[str, Any] = {name: getattr(sampling, name) for name in ATTRIBUTES} | sampling.extra
        self._usual = {name: self._of(name, choice) for name, choice in choices.items()}

    def attribute(self, task: Task, name: str) -> Sources:
        """Of one of the four."""
        own = getattr(task, name)
        return {None: self._usual[name] if own is None else self._of(name, own)}

    def own_attribute(self, task: Task, name: str) -> Sources:
        """Of one of the user's own; labels can have a choice of theirs."""
        usual = self._of(name, task.extra[name]) if name in task.extra else self._usual.get(name)
        with_own = (label for label in task.labels if name in label.extra)
        return {None: usual} | {label.name: self._of(name, label.extra[name]) for label in with_own}

    def label(self, task: Task) -> Sources:
        """Of the labels of a closed set, by their weights."""
        labels = sorted(task.labels, key=lambda label: label.name)
        places = _places(tuple(label.weight for label in labels), self._balance)
        return {None: _Named(places, [label.name for label in labels]) if labels else None}

    def misleading_label(self, task: Task) -> Sources:
        """For each label of the others, evenly."""
        names = sorted(task.label_names)
        places = _places((1.0,) * (len(names) - 1), self._balance)
        return {name: _Named(places, names, without=name) for name in names} or {None: None}

    def _of(self, name: str, choice: Any) -> Draws[str]:
        return _values(name, canonical_json(choice), self._balance)


class _Named(NamedTuple):
    """Draws of places as those of names: tasks have names of their own, but seldom other weights."""

    places: Draws[int]
    all_names: Sequence[str]
    without: str | None = None

    def sequence(self, *key: object) -> Iterator[str]:
        names = self._names()
        return (names[place] for place in self.places.sequence(*key))

    def kin(self, value: str) -> tuple[str, ...]:
        names = self._names()
        return tuple(names[place] for place in self.places.kin(names.index(value)))

    def _names(self) -> list[str]:
        return [name for name in self.all_names if name != self.without]


def choice_of(task: Task, name: str, sampling: AttributeSamplingParameters) -> Choice:
    """The choice that an attribute of the task is drawn by: its own, else that of the parameters."""
    own: Choice = getattr(task, name)
    usual: Choice = getattr(sampling, name)
    return usual if own is None else own


@lru_cache(maxsize=512)
def _places(weights: tuple[float, ...], balance: Balance) -> Draws[int]:
    return draws_of(shares_of(dict(enumerate(weights))), balance)


@lru_cache(maxsize=512)
def _values(name: str, choice: str, balance: Balance) -> Draws[str]:
    """By the choice in JSON; many tasks have the same one."""
    chosen = json.loads(choice)
    return draws_of(weights_of(name, chosen) if name in ATTRIBUTES else chosen_weights(chosen), balance)
