"""Random multi-label tasks, and the joint distribution of their label sets by brute force."""

import random
from collections.abc import Mapping
from itertools import combinations
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from synthetic_textcat.schemas.tasks import Task

_WEIGHTS = ([1], [1, 2, 3], [0.37, 1, 2, 5, 20, 100])


def random_task(number: int) -> Task:
    """A task of 3 to 9 labels; every other one excludes pairs. A function of the number."""
    chance = random.Random(number)
    while True:
        try:
            return Task.model_validate(_entry(chance, number))
        except ValidationError:  # a size without a set, or a label without one: refused as it should be
            continue


def _entry(chance: random.Random, number: int) -> dict[str, Any]:
    names = [f"L{place}" for place in range(chance.randint(3, 9))]
    weights, pairs = chance.choice(_WEIGHTS), [*combinations(names, 2)]
    chance.shuffle(pairs)
    together = {pair: chance.choice([0.1, 0.5, 3, 10]) for pair in pairs[: chance.randint(0, 3)]}
    if number % 2:
        together |= dict.fromkeys(pairs[: chance.randint(1, 1 + len(pairs) // 2)], 0)
    sizes = chance.sample(range(min(len(names), 6)), chance.randint(1, min(4, len(names) - 1)))
    return {
        "task": f"Tag text {number}.",
        "labels": [{"name": name, "weight": chance.choice(weights)} for name in names],
        "labels_per_text": {size: chance.choice([0.3, 1, 1, 2, 5]) for size in sizes},
        "together": [{"labels": list(pair), "weight": weight} for pair, weight in together.items()],
    }


class Expected(NamedTuple):
    """Shares by number of labels: of each label in the task's order, and of each pair of labels."""

    labels: Mapping[int, NDArray[np.float64]]
    pairs: Mapping[int, NDArray[np.float64]]


def expected(task: Task) -> Expected:
    """The documented distribution: products of the weights of labels and pairs, over all sets of a size."""
    weights = {label.name: label.weight for label in task.labels}
    of_labels, of_pairs = {}, {}
    for size in task.set_sizes:
        sets = [*combinations(task.label_names, size)]
        odds = np.array(
            [
                prod(weights[name] for name in own)
                * prod(task.pair_weights.get(frozenset(pair), 1.0) for pair in combinations(own, 2))
                for own in sets
            ]
        )
        has = np.array([[name in own for name in task.label_names] for own in sets])
        shares = odds / odds.sum()
        of_labels[size] = shares @ has
        a, b = np.array([*combinations(range(len(task.labels)), 2)]).T
        of_pairs[size] = shares @ (has[:, a] & has[:, b])
    return Expected(of_labels, of_pairs)
