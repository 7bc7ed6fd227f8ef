"""Choice among the label sets of all sizes at once, for few sequences of rows: as `SetChoice` makes it size by size.

Sets are padded to the length of the largest one by a label that none has, with odds of 1, and by a pair that is never
behind. So all numbers, and the sets that are drawn, are those of `SetChoice`; only the sets of a row's size count.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.hashing import uniform
from synthetic_textcat.pipelines.attribute_sampling.joint_labels import pair_numbers
from synthetic_textcat.pipelines.attribute_sampling.pfair import LEAST, NEVER, STEPS, Bools, Draws, Floats, SetChoice
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints

_MOST_SETS = 1_000
_FEW = 10_000  # numbers of sets and sequences for which all sizes at once are faster


class JoinedChoices:
    """Choice among the sets of all sizes.

    Args:
        of_sizes: Labels of the sets of each size: by set and label, ascending.
        labels: Number of labels.
        pair_weights: Of the pairs of labels.
    """

    def __init__(self, of_sizes: Sequence[Ints], labels: int, pair_weights: Floats) -> None:
        most, counts = max(sets.shape[1] for sets in of_sizes), np.array([len(sets) for sets in of_sizes])
        padded = [np.pad(sets, ((0, 0), (0, most - sets.shape[1])), constant_values=labels) for sets in of_sizes]
        sets, pairs = np.concatenate(padded), pair_numbers(labels)
        numbers = np.pad(pairs, ((0, 1), (0, 1)), constant_values=len(pair_weights))
        self._members = [sets[:, place] for place in range(most)]
        self._pairs = [numbers[sets[:, i], sets[:, j]] for i, j in combinations(range(most), 2)]
        self._pair_weights = np.append(pair_weights, 1.0)[:, None]
        self._is_of_size = np.repeat(np.eye(len(counts), dtype=np.bool_), counts, axis=0)
        self._first, self._last = np.cumsum(counts) - counts, np.cumsum(counts) - 1
        self._has_label, self._has_pair = (
            np.zeros((len(sets), labels + 1), np.bool_),
            np.zeros((len(sets), len(pair_weights) + 1)),
        )
        for members in self._members:
            self._has_label[np.arange(len(sets)), members] = True
        for own in self._pairs:
            self._has_pair[np.arange(len(sets)), own] = 1.0
        self._has_label, self._has_pair = self._has_label[:, :-1], self._has_pair[:, :-1]
        self._places = {tuple(np.flatnonzero(has).tolist()): place for place, has in enumerate(self._has_label)}

    def are_few(self, sequences: int) -> bool:
        """Whether so few sequences are drawn faster at once than size by size."""
        return sequences * len(self._is_of_size) <= _FEW

    def drawn(self, odds: Floats, must: Bools, debts: Floats, draws: Draws, sizes: Ints) -> tuple[Ints, Bools]:
        """Place of each row's set, and a mask of the rows for which no set is left, as by `SetChoice.drawn`.

        Args:
            odds: Of each label (down) for each row (across); 0 = not in this row.
            must: Labels that the row must have.
            debts: Rows by which each pair of labels is behind its share.
            draws: Of the rows.
            sizes: Number of each row's size.
        """
        odds = _padded(odds, 1.0)
        weight, found = odds[self._members[0]], self._is_complete(must, sizes)
        for members in self._members[1:]:
            weight *= odds[members]
        if self._pairs:
            steps = _padded(np.rint(STEPS * debts).astype(np.int32), 0)
            behind = np.zeros(weight.shape, np.int32)
            for pairs in self._pairs:
                behind += steps[pairs]
                weight *= self._pair_weights[pairs]
            found &= weight > 0
            behind -= np.where(found, behind, NEVER).max(axis=0)
            weight = np.ldexp(weight, np.clip(behind, LEAST, 0))
        ends = np.cumsum(np.where(found, weight, 0.0), axis=0)
        place: Ints = (ends <= uniform(draws.keys, draws.places) * ends[-1]).sum(axis=0)
        lacks: Bools = ends[-1] <= 0
        return np.clip(place, self._first[sizes], self._last[sizes]), lacks

    def most_urgent(self, urgency: Ints, may: Bools, must: Bools, sizes: Ints) -> tuple[Ints, Bools]:
        """As `drawn`, but the set of the most urgent labels: `SetChoice.most_urgent`."""
        rank = np.argsort(np.argsort(urgency, axis=0, kind="stable"), axis=0)
        score = _padded(2.0**rank, 0.0)
        may = _padded(may, True)
        found, total = self._is_complete(must, sizes), np.zeros((len(self._is_of_size), len(sizes)))
        for members in self._members:
            total += score[members]
            found &= may[members]
        place = np.where(found, total, -1.0).argmax(axis=0)
        return np.clip(place, self._first[sizes], self._last[sizes]), np.logical_not(found.any(axis=0))

    def labels_of(self, place: Ints) -> Bools:
        """Mask of the labels (down) of each row's set."""
        has: Bools = self._has_label[place].T
        return has

    def pairs_of(self, place: Ints) -> Floats:
        """Whether each row's set has a pair of labels (down), as 0 and 1."""
        has: Floats = self._has_pair[place].T
        return has

    def place_of(self, members: Sequence[int]) -> int:
        """Place of a set of labels."""
        return self._places[tuple(sorted(members))]

    def _is_complete(self, must: Bools, sizes: Ints) -> Bools:
        """Whether each set is of the row's size, and has all labels that the row must have."""
        has = _padded(must.astype(np.int8), 0)
        count = has[self._members[0]]
        for members in self._members[1:]:
            count += has[members]
        found: Bools = (count == must.sum(axis=0)) & self._is_of_size[:, sizes]
        return found


def _padded(values: NDArray[Any], of_none: float) -> NDArray[Any]:
    """Values of labels or pairs (down) with one for none of them at the end; `numpy.pad` takes ten times as long."""
    found = np.empty((len(values) + 1, values.shape[1]), values.dtype)
    found[:-1], found[-1] = values, of_none
    return found


def joined_choices(choices: Sequence[SetChoice | None], labels: int) -> JoinedChoices | None:
    """Choice among the sets of all sizes, of which None is that of no label; None if there are many."""
    of_sizes = [np.empty((1, 0), np.int64) if choice is None else choice.sets for choice in choices]
    known = [sets for sets in of_sizes if sets is not None]
    if len(known) < len(of_sizes) or sum(map(len, known)) > _MOST_SETS:
        return None
    weights = next(choice.pair_weights for choice in choices if choice is not None)
    return JoinedChoices(known, labels, weights)
