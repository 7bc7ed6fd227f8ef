"""Choice of label sets of all sizes: allowed sets are listed, or, where they are very many, those of some labels are.

The labels of a row whose sets are compared are those that it must have, and others by lot.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np

from synthetic_textcat.hashing import derived_by, key64, uniform
from synthetic_textcat.pipelines.attribute_sampling.joint_labels import JointLabels, pair_numbers
from synthetic_textcat.pipelines.attribute_sampling.listed_sets import Draws, ListedSets, PairWeights
from synthetic_textcat.pipelines.attribute_sampling.streams import Bools, Floats, Ints

_MOST_LISTED = 4_000  # allowed sets of one size that are all compared
_MOST_COMPARED = 500  # sets of a part of the labels
_FEW_SETS = 1_000  # of all sizes
_FEW = 10_000  # numbers of sets and sequences for which calls cost more than sums: all sizes at once are faster


class ComparedSets:
    """Choice among label sets of one size that are too many to be listed: those of some labels are compared.

    A row's set is its labels, one below the other.

    Args:
        size: Labels of a set.
        labels: Number of labels.
        weights: Of the pairs of labels.
    """

    def __init__(self, size: int, labels: int, weights: PairWeights) -> None:
        self._compared = next(some for some in range(labels - 1, size - 1, -1) if comb(some, size) <= _MOST_COMPARED)
        self._labels, self._weights, self._pair_numbers = labels, weights, pair_numbers(labels)
        self._lot_names = np.array([key64("compared", label) for label in range(labels)], np.uint64)[:, None]
        sets = np.array([*combinations(range(self._compared), size)], np.int64)
        self._listed = ListedSets([sets], self._compared, None)

    @property
    def width(self) -> int:
        """Numbers that are held for each row."""
        return max(self._listed.number, self._labels)

    def drawn(self, odds: Floats, must: Bools, debts: Floats, draws: Draws, sizes: Ints) -> tuple[Ints, Bools]:
        """As `ListedSets.drawn`."""
        lots = uniform(derived_by(draws.keys, self._lot_names), draws.places)
        lot = np.where(must, np.inf, np.where(odds > 0, lots, 0.0))
        among: Ints = np.sort(np.argsort(-lot, axis=0, kind="stable")[: self._compared], axis=0)
        pairs = self._pairs_of(among)
        odds, must = np.take_along_axis(odds, among, axis=0), np.take_along_axis(must, among, axis=0)
        debts, weights = np.take_along_axis(debts, pairs, axis=0), self._of_rows(pairs)
        number, lacks = self._listed.drawn(odds, must, debts, draws, sizes, weights)
        return np.take_along_axis(among, self._listed.members(number), axis=0), lacks

    def most_urgent(self, urgency: Ints, may: Bools, must: Bools, sizes: Ints) -> tuple[Ints, Bools]:
        """As `ListedSets.most_urgent`."""
        first = np.lexsort((-urgency, ~may, ~must), axis=0)
        among: Ints = np.sort(first[: self._compared], axis=0)
        urgency, may, must = (np.take_along_axis(values, among, axis=0) for values in (urgency, may, must))
        weights = self._of_rows(self._pairs_of(among))
        number, lacks = self._listed.most_urgent(urgency, may, must, sizes, weights)
        return np.take_along_axis(among, self._listed.members(number), axis=0), lacks

    def labels_of(self, sets: Ints) -> Bools:
        """As `ListedSets.labels_of`."""
        return _mask([*sets], self._labels)

    def pairs_of(self, sets: Ints) -> Bools:
        """As `ListedSets.pairs_of`."""
        pairs = [self._pair_numbers[one, other] for one, other in combinations(sets, 2)]
        return _mask(pairs, comb(self._labels, 2))

    def number_of(self, members: Sequence[int]) -> Ints:
        """A set of some labels."""
        return np.array(members)

    def _pairs_of(self, among: Ints) -> Ints:
        """Numbers of the pairs (down) of each row's compared labels."""
        one, other = np.triu_indices(self._compared, 1)
        found: Ints = self._pair_numbers[among[one], among[other]]
        return found

    def _of_rows(self, pairs: Ints) -> PairWeights:
        """Weights of each row's pairs."""
        return PairWeights(*(values[pairs, 0] for values in self._weights))


def _mask(numbers: Sequence[Ints], most: int) -> Bools:
    """Mask of the numbers (down) of each row."""
    found = np.zeros((most, len(numbers[0])), np.bool_)
    for own in numbers:
        found[own, np.arange(len(own))] = True
    return found


SetChoice = ListedSets | ComparedSets


class SetChoices:
    """Choices among the sets of a joint distribution.

    Args:
        joint: The distribution.
        sizes: Labels of a set, ascending; rows name them by their number.
    """

    def __init__(self, joint: JointLabels, sizes: Sequence[int]) -> None:
        self._sizes, self._labels, numbers = sizes, len(joint.weights), pair_numbers(len(joint.weights))
        of_pairs = np.ones((comb(self._labels, 2), 1))
        self._is_excluded = np.zeros((self._labels, self._labels), np.bool_)
        for (one, other), weight in joint.pairs.items():
            of_pairs[numbers[one, other]] = float(weight)
            self._is_excluded[one, other] = self._is_excluded[other, one] = not weight
        self._weights = PairWeights(*np.frexp(of_pairs))
        self._by_size = list(map(self._of_size, sizes))
        listed = [choice.of_sizes[0] for choice in self._by_size if isinstance(choice, ListedSets)]
        are_few = len(listed) == len(sizes) and sum(map(len, listed)) <= _FEW_SETS
        self._joined = ListedSets(listed, self._labels, self._weights) if are_few else None

    @property
    def width(self) -> int:
        """Numbers that are held for each row."""
        return max(choice.width for choice in self._by_size)

    def of(self, sizes: Ints) -> Iterator[tuple[SetChoice, Ints | slice]]:
        """Choices for rows of some sizes, and the rows of each: one for all rows if these and the sets are few."""
        if self._joined is not None and len(sizes) * self._joined.number <= _FEW:
            yield self._joined, slice(None)
            return
        for number, choice in enumerate(self._by_size):
            own = np.flatnonzero(sizes == number)
            if own.size:
                yield choice, own

    def nearest(self, size: int, behind: Ints) -> list[int]:
        """Labels of the allowed set with the label that is furthest behind, then the next one, and so on.

        Args:
            size: Number of the size.
            behind: By how much each label is behind.
        """
        order = np.argsort(-behind, kind="stable").tolist()
        return next(self._allowed(self._sizes[size], (), order))

    def _allowed(self, size: int, chosen: tuple[int, ...], left: list[int]) -> Iterator[list[int]]:
        """Allowed sets with some labels, in the order of those that are left."""
        if len(chosen) == size:
            yield [*chosen]
        for place, label in enumerate(left):
            fits = [other for other in left[place + 1 :] if not self._is_excluded[label, other]]
            if len(chosen) + 1 + len(fits) >= size:
                yield from self._allowed(size, (*chosen, label), fits)

    def _of_size(self, size: int) -> SetChoice:
        if comb(self._labels, size) > _MOST_LISTED:
            return ComparedSets(size, self._labels, self._weights)
        sets = np.array([*combinations(range(self._labels), size)], np.int64)
        is_allowed = np.ones(len(sets), np.bool_)
        for one, other in combinations(sets.T, 2):
            is_allowed &= ~self._is_excluded[one, other]
        return ListedSets([sets[is_allowed]], self._labels, self._weights)
