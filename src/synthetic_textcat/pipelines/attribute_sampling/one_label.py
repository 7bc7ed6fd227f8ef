"""Label and misleading label of the rows of single-label tasks."""

from collections.abc import Sequence

import numpy as np

from synthetic_textcat.hashing import Keys, derived
from synthetic_textcat.pipelines.attribute_sampling.label_odds import LabelOdds
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints
from synthetic_textcat.pipelines.attribute_sampling.values import Codes, numbered


class OneLabel:
    """Draws for tasks with as many labels, of equal weights; the labels of each are numbered by name.

    A misleading label has a stream for each task and label.

    Args:
        weights: Of the labels; empty for an open label set, whose rows have no planned label.
        odds: For each task its `label_odds`, or one for all of them.
        tasks: Number of tasks.
        is_exact: Whether draws are balanced.
    """

    def __init__(self, weights: Sequence[float], odds: Sequence[LabelOdds], tasks: int, *, is_exact: bool) -> None:
        self._num_labels = len(weights)
        if weights:
            distinct: dict[tuple[float, ...], int] = {}
            numbers = [[distinct.setdefault(own, len(distinct)) for own in of_task] for of_task in odds]
            self._label = numbered(weights, is_exact=is_exact)
            self._of_label = np.broadcast_to(np.array(numbers), (tasks, self._num_labels))
            self._values = [numbered(own, is_exact=is_exact) for own in distinct]

    def draw(self, keys: Keys, tasks: Ints, counts: Ints) -> Codes:
        """Numbers of the labels and misleading labels of the first rows, flat.

        Args:
            keys: Key of each task that has rows.
            tasks: Number of each of these.
            counts: Rows of each of these.
        """
        task = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
        none = np.full(len(task), -1, np.int32)
        if not self._num_labels:
            return {"label": none, "label_set": none, "misleading_label": none}
        label = self._label.draw(derived(keys, "label"), task)
        misleading = self._misleading(keys, tasks, task, label)
        return {"label": label, "label_set": none, "misleading_label": misleading}

    def _misleading(self, keys: Keys, tasks: Ints, task: Ints, label: Ints) -> Ints:
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

    def owners(self, _column: str, _keys: Keys, _counts: Ints, codes: Codes, labels: Sequence[int]) -> Ints:
        """Label of each row whose own choice of an attribute the row has, -1 for none.

        Args:
            _column: The attribute.
            _keys: As in `draw`.
            _counts: As in `draw`.
            codes: Drawn ones.
            labels: Labels with such a choice.
        """
        return np.where(np.isin(codes["label"], labels), codes["label"], -1)

    def equal_weight_groups(self, tasks: Ints, codes: Codes) -> tuple[Ints, Ints]:
        """For each row the group of equal weight that its misleading label is drawn from, and its number of labels."""
        label, misleading = codes["label"], codes["misleading_label"]
        if not self._num_labels:
            return label, np.ones(len(tasks), np.int64)
        first, size = np.zeros((2, len(self._values), self._num_labels - 1), np.int64)
        for number, values in enumerate(self._values):
            first[number, values.names], size[number, values.names] = values.equal_weight_groups
        of_label, ahead = self._of_label[tasks, label], (misleading - label - 1) % self._num_labels
        return label * self._num_labels + first[of_label, ahead], size[of_label, ahead]
