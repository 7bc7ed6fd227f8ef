"""The rows of one task: what is drawn for each, by its number within the task."""

import json
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice, repeat
from typing import Any

from synthetic_textcat.hashing import canonical_json, draw_int, short_id
from synthetic_textcat.pipelines.attribute_sampling.balance import Balance, Draws, draws_of
from synthetic_textcat.schemas.attributes import Choice, chosen_weights, shares_of, weights_of
from synthetic_textcat.schemas.own_attributes import OwnChoice
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Task

Values = Sequence[str | None]


class TaskPlanner:
    """Plans tasks by the parameters; a task's and a label's own choices come before them.

    A sequence of draws is a function of seed, task, attribute and, where it is a label's own, the label: of no other
    task and no other attribute.

    Args:
        sampling: The parameters.
        own: The names of all own attributes of the plan, in the order of their columns.
        seed: The project's.
    """

    def __init__(self, sampling: AttributeSamplingParameters, own: Sequence[str], seed: int) -> None:
        self._seed = seed
        self._own = own
        self._balance = sampling.balance
        choices: dict[str, Any] = {name: getattr(sampling, name) for name in ATTRIBUTES} | sampling.extra
        self._usual = {name: self._draws(name, choice) for name, choice in choices.items()}

    def columns(self, task: Task, rows: int) -> dict[str, Sequence[Any]]:
        """The first rows of a task, as columns of `requests`."""
        key = (self._seed, task.task_id)
        label = self._labels(task, rows)
        return {
            "request_id": [short_id(*key, replicate) for replicate in range(rows)],
            "task_id": [task.task_id] * rows,
            "replicate": range(rows),
            "task": [task.task] * rows,
            **{name: self._attribute(task, name, rows) for name in ATTRIBUTES},
            **{name: self._own_attribute(task, name, label) for name in self._own},
            "label": label,
            "misleading_label": self._misleading_labels(task, label),
            "seed": [draw_int(31, *key, replicate, "seed") for replicate in range(rows)],
        }

    def _draws(self, name: str, choice: Any) -> Draws[str]:
        return _draws_of(name, canonical_json(choice), self._balance)

    def _labels(self, task: Task, rows: int) -> Values:
        if not task.labels:
            return [None] * rows
        labels = sorted(task.labels, key=lambda label: label.name)
        places = _places_of(tuple(label.weight for label in labels), self._balance)
        return [labels[place].name for place in islice(places.sequence(self._seed, task.task_id, "label"), rows)]

    def _misleading_labels(self, task: Task, label: Values) -> Values:
        """For each label the others in turn, evenly."""
        names = sorted(task.label_names)
        places = _places_of((1.0,) * (len(names) - 1), self._balance)

        @cache
        def others(name: str) -> Iterator[str]:
            wrong = [other for other in names if other != name]
            return (wrong[place] for place in places.sequence(self._seed, task.task_id, "misleading_label", name))

        return [None if name is None else next(others(name)) for name in label]

    def _attribute(self, task: Task, name: str, rows: int) -> Values:
        own = getattr(task, name)
        draws = self._usual[name] if own is None else self._draws(name, own)
        return list(islice(draws.sequence(self._seed, task.task_id, name), rows))

    def _own_attribute(self, task: Task, name: str, label: Values) -> Values:
        """One sequence for the task, and one for each label that has its own choice; None where nobody chose."""
        key = (self._seed, task.task_id, name)
        of_task = self._own_sequence(task.extra.get(name), name, *key)
        of_label = {
            each.name: self._own_sequence(each.extra[name], name, *key, each.name)
            for each in task.labels
            if name in each.extra
        }
        return [next(of_label.get(each or "", of_task)) for each in label]

    def _own_sequence(self, choice: OwnChoice | None, name: str, *key: object) -> Iterator[str | None]:
        draws = self._usual.get(name) if choice is None else self._draws(name, choice)
        return repeat(None) if draws is None else draws.sequence(*key)


def choice_of(task: Task, name: str, sampling: AttributeSamplingParameters) -> Choice:
    """The choice that an attribute of the task is drawn by: its own, else that of the parameters."""
    own: Choice = getattr(task, name)
    usual: Choice = getattr(sampling, name)
    return usual if own is None else own


@lru_cache(maxsize=4096)
def _places_of(weights: tuple[float, ...], balance: Balance) -> Draws[int]:
    """The draws of a place among labels of these weights: tasks have names of their own, but seldom other weights."""
    return draws_of(shares_of(dict(enumerate(weights))), balance)


@lru_cache(maxsize=4096)
def _draws_of(name: str, choice: str, balance: Balance) -> Draws[str]:
    """The draws of an attribute's choice, in JSON; many tasks have the same one."""
    chosen = json.loads(choice)
    return draws_of(weights_of(name, chosen) if name in ATTRIBUTES else chosen_weights(chosen), balance)
