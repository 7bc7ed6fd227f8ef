"""Label set and misleading label of the rows of multi-label tasks.

The misleading label is none of the set. It has a stream for each task and set. Its odds are the mean of those of the
set's labels, of which the confusable ones come first; a row without a label draws it by the labels' weights.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.hashing import Keys, derived, key64, uniform
from synthetic_textcat.pipelines.attribute_sampling.joint_labels import JointLabels, Pair, joint_labels, repeat_rates
from synthetic_textcat.pipelines.attribute_sampling.label_odds import SetOdds
from synthetic_textcat.pipelines.attribute_sampling.label_sets import LabelSets
from synthetic_textcat.pipelines.attribute_sampling.streams import Bools, Ints, ranges
from synthetic_textcat.pipelines.attribute_sampling.values import Codes, Values, numbered
from synthetic_textcat.schemas.attributes import shares_of
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Label, Task

_LONG, _MORE = 64, 32  # rows of a long task, and rows drawn beyond its last one, with which rows may swap values

_Found = TypeVar("_Found")
Members = tuple[int, ...]
"""Numbers of a set's labels, ascending."""


class SeveralLabels:
    """Draws for tasks with the same choices and as many labels; the labels of each are numbered by name.

    Args:
        task: One of the tasks.
        odds: For each task its odds, or one for all of them.
        tasks: Number of tasks.
        is_exact: Whether draws are balanced.

    Attributes:
        sets: The label sets drawn so far; a row's `label_set` is a number of these.

    Raises:
        ParameterError: If pairs link too many labels.
    """

    def __init__(self, task: Task, odds: Sequence[SetOdds], tasks: int, *, is_exact: bool) -> None:
        self._label_sets, self._is_exact = label_sets_of(task, is_exact=is_exact), is_exact
        self._num_labels, self._odds = len(task.labels), odds
        self._odds_of = np.arange(tasks) if len(odds) > 1 else np.zeros(tasks, np.int64)
        self.sets: list[Members] = []
        self._numbers: dict[bytes, int] = {}
        self._kept: dict[int, Ints] = {}
        self._weights: dict[tuple[int, int], tuple[float, ...]] = {}  # by odds and set: of the labels outside

    def draw(self, keys: Keys, tasks: Ints, counts: Ints) -> Codes:
        """Numbers of the label sets and misleading labels of the first rows, flat; as in `OneLabel`."""
        task = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
        label_set = self._drawn_sets(keys, tasks, counts)
        misleading = self._misleading(keys, tasks, task, label_set)
        return {"label": np.full(len(task), -1, np.int32), "label_set": label_set, "misleading_label": misleading}

    def _drawn_sets(self, keys: Keys, tasks: Ints, counts: Ints) -> Ints:
        """Number of each row's set. Those of long tasks are kept, as these are drawn again to swap other values."""
        of_tasks = zip(tasks.tolist(), counts.tolist(), strict=True)
        is_kept = np.array([len(self._kept.get(task, ())) >= rows > 0 for task, rows in of_tasks], np.bool_)
        new = np.flatnonzero(~is_kept)
        is_long = counts[new] >= _LONG
        longer = counts[new] + _MORE * is_long
        starts, drawn = np.cumsum(longer) - longer, self._numbers_of(self._label_sets.draw(keys[new], longer))
        for place in np.flatnonzero(is_long).tolist():
            self._kept[int(tasks[new[place]])] = drawn[starts[place] : starts[place] + longer[place]]
        found = np.empty(int(counts.sum()), np.int32)
        own = zip(tasks[is_kept].tolist(), counts[is_kept].tolist(), strict=True)
        found[np.repeat(is_kept, counts)] = np.concatenate(
            [np.empty(0, np.int32), *(self._kept[task][:rows] for task, rows in own)]
        )
        found[np.repeat(~is_kept, counts)] = drawn[np.repeat(starts, counts[new]) + ranges(counts[new])]
        return found

    def _numbers_of(self, chosen: Bools) -> Ints:
        """Number of each row's set, from a mask of its labels."""
        packed = np.packbits(chosen, axis=1)
        rows = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, number = np.unique(rows, return_index=True, return_inverse=True)
        known = []
        for row in first.tolist():
            key = packed[row].tobytes()
            if key not in self._numbers:
                self._numbers[key] = len(self.sets)
                self.sets.append(tuple(np.flatnonzero(chosen[row]).tolist()))
            known.append(self._numbers[key])
        return np.array(known, np.int32)[number]

    def _misleading(self, keys: Keys, tasks: Ints, task: Ints, label_set: Ints) -> Ints:
        ids = np.array([key64("misleading_label", *members) for members in self.sets], np.uint64)
        pairs, stream = np.unique(task * np.int64(len(self.sets)) + label_set, return_inverse=True)
        of_task, of_set = pairs // len(self.sets), pairs % len(self.sets)
        stream_keys = derived(keys[of_task] + ids[of_set], "misleading_label")
        by_weights: dict[tuple[float, ...], list[int]] = {}
        odds_and_sets = self._odds_of[tasks[of_task]] * len(self.sets) + of_set
        distinct, places = np.unique(odds_and_sets, return_inverse=True)
        kinds = [by_weights.setdefault(self._outside(int(code)), [len(by_weights)])[0] for code in distinct]
        kind_of_row = np.array(kinds, np.int64)[places][stream]
        outside = np.array([self._others(members) for members in self.sets])
        misleading = np.empty(len(task), np.int32)
        for kind, weights in enumerate(by_weights):
            rows = np.flatnonzero(kind_of_row == kind)
            values = numbered(weights, is_exact=self._is_exact)
            streams, own = np.unique(stream[rows], return_inverse=True)
            place = np.array(values.names)[values.draw(stream_keys[streams], own.astype(np.int32))]
            misleading[rows] = outside[label_set[rows], place]
        return misleading

    def _others(self, members: Members) -> list[int]:
        """The labels outside of a set, then those in it."""
        return [*(label for label in range(self._num_labels) if label not in members), *members]

    def _outside(self, code: int) -> tuple[float, ...]:
        """Weights of the labels outside of a set, by the number of the odds and the set."""
        odds, number = divmod(code, len(self.sets))
        if (odds, number) not in self._weights:
            members = self.sets[number]
            weights = self._odds[odds].of(members)
            self._weights[odds, number] = tuple(
                weights[label] for label in self._others(members)[: -len(members) or None]
            )
        return self._weights[odds, number]

    def owners(self, column: str, keys: Keys, counts: Ints, codes: Codes, labels: Sequence[int]) -> Ints:
        """Label of each row whose own choice of an attribute the row has: of several one by lot; as in `OneLabel`."""
        if not labels:
            return codes["label"]
        of_sets = [[label for label in members if label in labels] for members in self.sets]
        number = np.array([len(own) for own in of_sets])
        padded = np.array([[*own, *[-1] * (len(labels) - len(own))] for own in of_sets])
        lot = uniform(np.repeat(derived(keys, column, "of several labels"), counts), ranges(counts))
        own = codes["label_set"]
        found: Ints = padded[own, np.minimum((lot * number[own]).astype(np.int64), np.maximum(number[own] - 1, 0))]
        return found

    def equal_weight_groups(self, tasks: Ints, codes: Codes) -> tuple[Ints, Ints]:
        """As in `OneLabel`."""
        label_set, misleading = codes["label_set"], codes["misleading_label"]
        first, size = np.zeros((2, len(label_set)), np.int64)
        of_row = self._odds_of[tasks] * len(self.sets) + label_set
        for code in np.unique(of_row).tolist():
            rows = np.flatnonzero(of_row == code)
            values = numbered(self._outside(code), is_exact=True)
            groups, sizes = self._by_label(code % len(self.sets), values)
            first[rows], size[rows] = groups[misleading[rows]], sizes[misleading[rows]]
        return label_set * np.int64(self._num_labels) + first, size

    def _by_label(self, number: int, values: Values) -> tuple[Ints, Ints]:
        found = np.zeros((2, self._num_labels), np.int64)
        found[:, np.array(self._others(self.sets[number]))[list(values.names)]] = values.equal_weight_groups
        return found[0], found[1]


def labels_by_name(task: Task) -> list[Label]:
    """The labels as they are numbered, so that their order in the file moves no draw."""
    return sorted(task.labels, key=lambda label: label.name)


def joint_labels_of(task: Task) -> JointLabels:
    """Joint distribution of a task's labels, numbered by name.

    Raises:
        ParameterError: If pairs link too many labels.
    """
    return _of_task(joint_labels, task)


def rows_until_repeat(task: Task) -> tuple[int, Fraction]:
    """Size of the label sets that repeat least among a task's rows, and the rows among which one is expected again.

    Raises:
        ParameterError: If pairs link too many labels.
    """
    shares, rates = shares_of(task.set_sizes), _of_task(repeat_rates, task)
    size = min(shares, key=lambda own: (shares[own] * rates[own], own))
    return size, 1 / (shares[size] * rates[size])


def _of_task(found_by: Callable[[Sequence[float], Mapping[Pair, float], Sequence[int]], _Found], task: Task) -> _Found:
    """A property of the joint distribution of a task's labels, numbered by name."""
    labels = labels_by_name(task)
    number = {label.name: place for place, label in enumerate(labels)}
    pairs = {(number[pair.labels[0]], number[pair.labels[1]]): pair.weight for pair in task.together}
    try:
        return found_by([label.weight for label in labels], pairs, list(task.set_sizes))
    except ParameterError as error:
        raise ParameterError(f"Task {shown(task.task)}: {error}") from None


def label_sets_of(task: Task, *, is_exact: bool) -> LabelSets:
    """Draws of a task's label sets; labels are numbered by name.

    Raises:
        ParameterError: If pairs link too many labels.
    """
    return LabelSets(joint_labels_of(task), shares_of(task.set_sizes), is_exact=is_exact)
