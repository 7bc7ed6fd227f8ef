"""Choice among listed label sets, for many rows at once: by odds, or of the labels that are most urgent.

Odds are those of the joint distribution, tilted by the odds of each label to be due in this row, and fourfold for each
row by which a pair of the set is behind its share. Sums are of integers, and products elementwise, so that machines
agree.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.hashing import Keys, uniform
from synthetic_textcat.pipelines.attribute_sampling.joint_labels import pair_numbers
from synthetic_textcat.pipelines.attribute_sampling.streams import Bools, Floats, Ints

_STEPS = 2  # doublings of a set's odds for each row by which one of its pairs is behind
_LEAST = -100  # doublings below which odds are taken for 2^-100
_NEVER = -(10**6)  # doublings for a set that can't be drawn


class Draws(NamedTuple):
    """Random numbers of some rows: key and place of each in its stream."""

    keys: Keys
    places: Ints


class PairWeights(NamedTuple):
    """Weights of pairs of labels (down) for each row, or for all rows (across), in parts: products of many stay finite.

    Attributes:
        mantissas: From 0.5 to 1; 0 = never together.
        exponents: Of 2.
    """

    mantissas: Floats
    exponents: NDArray[np.int32]


class ListedSets:
    """Choice among listed label sets, of one size or of several ones.

    Of several sizes, sets are padded to the length of the largest one by a label that none has, with odds of 1, and by
    a pair that is never behind. So the numbers of a row are those of its size alone, and the same set is drawn.

    Args:
        of_sizes: For each size its sets: by set and label, ascending.
        labels: Number of labels.
        weights: Of the pairs of labels; None if each row has its own.
    """

    def __init__(self, of_sizes: Sequence[Ints], labels: int, weights: PairWeights | None) -> None:
        counts, most = np.array([len(sets) for sets in of_sizes]), max(sets.shape[1] for sets in of_sizes)
        padded = [np.pad(sets, ((0, 0), (0, most - sets.shape[1])), constant_values=labels) for sets in of_sizes]
        self.of_sizes, self._labels, self._weights = of_sizes, labels, weights
        self._sets, places, num_pairs = np.concatenate(padded), np.arange(counts.sum()), comb(labels, 2)
        numbers = np.pad(pair_numbers(labels), ((0, 1), (0, 1)), constant_values=num_pairs)
        self._members = [self._sets[:, place] for place in range(most)]
        self._pairs = [numbers[one, other] for one, other in combinations(self._members, 2)]
        self._has_label = np.zeros((labels + 1, len(self._sets)), np.bool_)
        for members in self._members:
            self._has_label[members, places] = True
        self._has_pair = np.zeros((num_pairs + 1 if self._pairs else 2, len(self._sets)), np.bool_)
        for pairs in self._pairs:
            self._has_pair[pairs, places] = True
        self._has_label, self._has_pair = self._has_label[:-1], self._has_pair[:-1]
        self._first, self._last = np.cumsum(counts) - counts, np.cumsum(counts) - 1
        self._is_of_size = np.repeat(np.eye(len(counts), dtype=np.bool_), counts, axis=0)

    @property
    def number(self) -> int:
        """Sets that are compared."""
        return len(self._sets)

    @property
    def width(self) -> int:
        """Numbers that are held for each row."""
        return max(len(self._sets), self._labels)

    def drawn(
        self, odds: Floats, must: Bools, debts: Floats, draws: Draws, sizes: Ints, weights: PairWeights | None = None
    ) -> tuple[Ints, Bools]:
        """Number of each row's set, and a mask of the rows for which no set is left.

        Args:
            odds: Of each label (down) for each row (across); 0 = not in this row.
            must: Labels that the row must have.
            debts: Rows by which each pair of labels is behind its share.
            draws: Of the rows.
            sizes: Number of each row's size.
            weights: Of the pairs of each row's labels, if rows have their own.
        """
        odds, found = self._padded(odds, 1.0), self._is_complete(must, sizes)
        weight = odds[self._members[0]] if self._members else np.ones(found.shape)
        for members in self._members[1:]:
            weight *= odds[members]
        weights = self._weights if weights is None else weights
        if self._pairs and weights is not None:
            mantissas = self._padded(weights.mantissas, 1.0)
            doublings = self._padded(np.rint(_STEPS * debts).astype(np.int32) + weights.exponents, 0)
            behind = np.zeros(weight.shape, np.int32)
            for pairs in self._pairs:
                behind += doublings[pairs]
                weight *= mantissas[pairs]
            found &= weight > 0
            behind -= np.where(found, behind, _NEVER).max(axis=0)
            weight = np.ldexp(weight, np.clip(behind, _LEAST, 0))
        ends = np.cumsum(np.where(found, weight, 0.0), axis=0)
        number: Ints = (ends <= uniform(draws.keys, draws.places) * ends[-1]).sum(axis=0)
        return self._of_size(number, sizes), ends[-1] <= 0

    def most_urgent(
        self, urgency: Ints, may: Bools, must: Bools, sizes: Ints, weights: PairWeights | None = None
    ) -> tuple[Ints, Bools]:
        """As `drawn`, but the set of the most urgent labels, the first of which decides; without chance.

        Args:
            urgency: Of each label (down) for each row (across).
            may: Labels that the row may have.
            must: Labels that it must have.
            sizes: Number of each row's size.
            weights: As of `drawn`; some of the listed sets are not allowed then.
        """
        rank = np.argsort(np.argsort(urgency, axis=0, kind="stable"), axis=0)
        score, found = self._padded(np.where(may, 2.0**rank, -1.0), 0.0), self._is_complete(must, sizes)
        total = np.zeros(found.shape)
        for members in self._members:
            own = score[members]
            total += own
            found &= own >= 0
        if weights is not None:
            for pairs in self._pairs:
                found &= weights.mantissas[pairs] > 0
        number = np.where(found, total, -1.0).argmax(axis=0)
        return self._of_size(number, sizes), np.logical_not(found.any(axis=0))

    def members(self, number: Ints) -> Ints:
        """Labels (down) of each row's set."""
        found: Ints = self._sets[number].T
        return found

    def labels_of(self, number: Ints) -> Bools:
        """Mask of the labels (down) of each row's set."""
        return self._has_label[:, number]

    def pairs_of(self, number: Ints) -> Bools:
        """Mask of the pairs of labels (down) of each row's set; one line if no set has a pair."""
        return self._has_pair[:, number]

    def number_of(self, members: Sequence[int]) -> int:
        """Number of a set of labels."""
        return self._numbers[tuple(sorted(members))]

    @cached_property
    def _numbers(self) -> dict[tuple[int, ...], int]:
        return {tuple(np.flatnonzero(has).tolist()): number for number, has in enumerate(self._has_label.T)}

    def _is_complete(self, must: Bools, sizes: Ints) -> Bools:
        """Whether each set is of the row's size, and has all labels that the row must have."""
        has = self._padded(must.astype(np.int8), 0)
        count = has[self._members[0]] if self._members else np.zeros((len(self._sets), must.shape[1]), np.int8)
        for members in self._members[1:]:
            count += has[members]
        found: Bools = count == must.sum(axis=0)
        return found & self._is_of_size[:, sizes] if len(self.of_sizes) > 1 else found

    def _of_size(self, number: Ints, sizes: Ints) -> Ints:
        """The number, or the first or last one of the row's size."""
        of_row = sizes if len(self.of_sizes) > 1 else 0
        found: Ints = np.clip(number, self._first[of_row], self._last[of_row])
        return found

    def _padded(self, values: NDArray[Any], of_none: float) -> NDArray[Any]:
        """Values of labels or pairs (down) with one for none of them at the end, for sets of several sizes."""
        if len(self.of_sizes) == 1:
            return values
        found = np.empty((len(values) + 1, values.shape[1]), values.dtype)  # numpy.pad takes ten times as long
        found[:-1], found[-1] = values, of_none
        return found
