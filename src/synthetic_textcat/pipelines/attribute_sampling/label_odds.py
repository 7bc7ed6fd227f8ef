"""Odds of the misleading label: even, by nearness to the row's label, or of the labels called confusable with it.

Odds in proportion to an exponential of the similarity are those of Robinson et al. (2021), "Contrastive Learning with
Hard Negative Samples"; here the exponent is a grade, so that every other label keeps a chance and machines agree.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.schemas.attributes import odds_of
from synthetic_textcat.schemas.tasks import Confusable, Task
from synthetic_textcat.text.label_nearness import nearness_grades

WEIGHTS = (1.0, 5.0, 25.0)
"""Weight of a label by its grade of nearness: each grade is fivefold, and no label is without a chance."""

Setting = Literal["even", "similar"]
Labels = Sequence[Mapping[str, str]]
"""Name and description of each label."""

LabelOdds = list[tuple[float, ...]]
"""For each label, sorted by name, weights of the labels that follow it, round to the one before it; 0 = never."""


def odds_of_group(task: Task, labels: Iterable[Labels], setting: Setting) -> list[LabelOdds]:
    """Odds for each of some tasks, or once if they are the same for all.

    Args:
        task: One of the tasks, which have the same number of labels; with `confusable`, the same names.
        labels: Those of each task.
        setting: Of labels that the task does not list under `confusable`.
    """
    if setting == "similar" and len(task.labels) > 2:
        return [label_odds(of_task, task.confusable, setting) for of_task in labels]
    return [label_odds([label.model_dump() for label in task.labels], task.confusable, "even")]


def label_odds(labels: Labels, confusable: Confusable, setting: Setting) -> LabelOdds:
    """Odds for one task."""
    weights = _weights(labels, confusable, setting)[1]
    return [tuple(np.roll(row, -number)[1:].tolist()) for number, row in enumerate(weights)]


class SetOdds(NamedTuple):
    """Odds of the misleading label of rows with several labels; labels are numbered by name.

    Attributes:
        weights: Of the labels themselves.
        usual: By label, the weights of the others.
        listed: By label with confusable labels, the weights of these.
    """

    weights: tuple[float, ...]
    usual: NDArray[np.float64]
    listed: Mapping[int, NDArray[np.float64]]

    def of(self, members: Sequence[int]) -> list[float]:
        """Weight of each label for a set: the mean over its labels, 0 for labels of the set.

        Where labels of the set list confusable ones, these alone count, unless all of them are in the set.
        """
        if not members:
            return list(self.weights)
        listed = [self.listed[label] for label in members if label in self.listed]
        for rows in (listed, [self.usual[label] for label in members]):
            total = np.sum(rows, axis=0) if rows else np.zeros(len(self.weights))
            total[list(members)] = 0.0
            if total.any():
                break
        found: list[float] = total.tolist()
        return found


def set_odds_of_group(task: Task, labels: Iterable[Labels], setting: Setting) -> list[SetOdds]:
    """As `odds_of_group`, for tasks with several labels a text."""
    ordered = sorted(task.labels, key=lambda label: label.name)
    names, weights = [label.name for label in ordered], tuple(label.weight for label in ordered)
    listed = {
        names.index(label): np.array([odds_of(others).get(name, 0.0) for name in names])
        for label, others in task.confusable.items()
    }
    each = labels if setting == "similar" else [[label.model_dump() for label in task.labels]]
    return [SetOdds(weights, _weights(of_task, {}, setting)[1], listed) for of_task in each]


def misleading_labels_of(task: Task, label: str, setting: Setting) -> dict[str, float]:
    """Weight of each label that may be the misleading one of the label's rows, by name."""
    names, weights = _weights([each.model_dump() for each in task.labels], task.confusable, setting)
    row = zip(names, weights[names.index(label)].tolist(), strict=True)
    return {name: weight for name, weight in row if weight and name != label}


def _weights(labels: Labels, confusable: Confusable, setting: Setting) -> tuple[list[str], NDArray[np.float64]]:
    """The names, sorted, and the weights: a row for each label, a column for each misleading label."""
    ordered = sorted(labels, key=lambda label: label["name"])
    names = [label["name"] for label in ordered]
    weights: NDArray[np.float64] = np.ones((len(names), len(names)))
    if setting == "similar":
        grades = nearness_grades(tuple(f"{label['name']} {label['description']}" for label in ordered))
        weights = np.array(WEIGHTS)[grades]
    for label, others in confusable.items():
        weights[names.index(label)] = [odds_of(others).get(name, 0.0) for name in names]
    return names, weights
