"""Pfair scheduling of label sets: windows in which each label is due, and the choice of a row's set, for many rows.

The windows of a label are the rows in which a label's count may and must rise so that it stays within one of its share.
A label's expected count is a sum of probabilities; its count is that sum rounded down or up. So the k-th row of a label
comes after its expected count has passed k - 1, and before it passes k.

A set is chosen among the allowed sets of its size. Odds are those of the joint distribution, tilted by the odds of each
label to be due in this row, and fourfold for each row by which a pair of the set is behind its share. Of very many
sets, those of some labels are compared: the labels that the row must have, and others by lot. Sums are of integers, and
products elementwise, so that machines agree.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.hashing import Keys, derived_by, key64, uniform
from synthetic_textcat.pipelines.attribute_sampling.joint_labels import JointLabels, pair_numbers
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_SETS = 4_000
"""Allowed sets of one size that are all compared."""

_FEWER_SETS = 500  # compared sets of a part of the labels
STEPS = 2
"""Doublings of a set's odds for each row by which one of its pairs is behind."""

LEAST = -100
"""Doublings below which odds are taken for 2^-100."""

NEVER = -(10**6)
"""Doublings for a set that can't be drawn."""

AHEAD = 12
"""Rows that are looked ahead."""

_RISES = 2  # a count that must rise in a row
_MEETS = 1  # one whose expected count becomes whole, after which all is even
_HIGHEST = 3 ** (AHEAD - 1)
_EVEN = (3**AHEAD - 1) // 2  # all digits are `_MEETS`


class Windows:
    """Windows of the labels in the next rows of some sequences.

    Args:
        parts: Probability of each label (down) by number of a size (across), in parts of the unit.
        unit: Common denominator.
        sizes: Numbers of the sizes of the rows (down) in each sequence (across).
        total: Expected counts of the labels before these rows, in parts of the unit.

    Attributes:
        sizes: As above.
        total: Expected counts before each row and after the last one: by row, label and sequence.
        urgency: For each row how soon the counts must rise after it, compared row by row: the characteristic strings of
            PF as numbers of base 3.
    """

    def __init__(self, parts: Ints, unit: int, sizes: Ints, total: Ints) -> None:
        self._unit, self.sizes = unit, sizes
        self._parts = np.moveaxis(parts[:, sizes], 0, 1)
        self.total = np.concatenate([total[None], total[None] + np.cumsum(self._parts, axis=0)])
        self._whole = self.total // unit
        self._rest = self.total - self._whole * unit
        self.urgency = np.empty(self._parts.shape, np.int64)
        code = np.full(total.shape, _EVEN, np.int64)
        for row in reversed(range(len(sizes))):
            self.urgency[row] = code
            rises = self._whole[row + 1] > self._whole[row]
            meets = rises & (self._rest[row + 1] == 0)
            code = np.where(meets, _MEETS, _RISES * rises) * _HIGHEST + np.where(meets, _EVEN, code) // 3

    def take(self, columns: Ints) -> "Windows":
        """The windows of some sequences."""
        found = object.__new__(Windows)
        found._unit, found.sizes = self._unit, self.sizes[:, columns]
        found._parts, found.total = self._parts[:, :, columns], self.total[:, :, columns]
        found._whole, found._rest = self._whole[:, :, columns], self._rest[:, :, columns]
        found.urgency = self.urgency[:, :, columns]
        return found

    def bounds(self, row: int, counts: Ints) -> tuple[Bools, Bools]:
        """Labels that the row must have, and those that it may have.

        Args:
            row: Number of the row.
            counts: Of the labels before it.
        """
        whole, part = self._whole[row + 1], self._parts[row]
        must = (counts < whole) | (part == self._unit)
        may = (counts < whole + (self._rest[row + 1] > 0)) & (part > 0)
        return must, may

    def tilt(self, row: int) -> Floats:
        """Odds of labels that a row may have but need not, relative to their usual odds: uniform places in windows.

        A count that was rounded up before the row may rise only where the expected count passes a whole number.
        """
        part, rest = self._parts[row], self._rest[row + 1]
        rises = self._whole[row + 1] > self._whole[row]
        tilt: Floats = np.where(rises, rest / np.maximum(part, 1), (self._unit - part) / (self._unit - rest))
        return tilt

    def behind(self, row: int, counts: Ints, sequence: int) -> Ints:
        """By how much the labels of a sequence are behind their expected counts after a row, in parts of the unit."""
        found: Ints = self.total[row + 1, :, sequence] - counts[:, sequence] * self._unit
        return found


def whole_parts(shares: Sequence[Fraction], unit: int) -> list[int]:
    """Shares in parts of a unit that sum to that of the whole, by largest remainders."""
    parts = [share.numerator * unit // share.denominator for share in shares]
    order = sorted(range(len(shares)), key=lambda number: (parts[number] - shares[number] * unit, number))
    for number in order[: int(sum(shares) * unit) - sum(parts)]:
        parts[number] += 1
    return parts


class Draws(NamedTuple):
    """Random numbers of some rows: key and place of each in its stream."""

    keys: Keys
    places: Ints


class SetChoice:
    """Choice among the sets of one size.

    Args:
        joint: Distribution of the sets.
        size: Labels of a set, above 0.
    """

    def __init__(self, joint: JointLabels, size: int) -> None:
        self._labels, self._size = len(joint.weights), size
        self._lot_names = np.array([key64("compared", label) for label in range(self._labels)], np.uint64)[:, None]
        self._numbers = pair_numbers(self._labels)
        self._pair_weights: Floats = np.ones(comb(self._labels, 2))
        for (a, b), weight in joint.pairs.items():
            self._pair_weights[self._numbers[a, b]] = float(weight)
        self._is_excluded = np.zeros((self._labels, self._labels), np.bool_)
        for (a, b), weight in joint.pairs.items():
            self._is_excluded[a, b] = self._is_excluded[b, a] = not weight
        compared = self._labels
        while comb(compared, size) > (MOST_SETS if compared == self._labels else _FEWER_SETS) and compared > size:
            compared -= 1
        self._compared, pairs = compared, pair_numbers(compared)
        sets = np.array([*combinations(range(compared), size)], np.int64).reshape(-1, size)
        if compared == self._labels:
            is_allowed = np.ones(len(sets), np.bool_)
            for i, j in combinations(range(size), 2):
                is_allowed &= ~self._is_excluded[sets[:, i], sets[:, j]]
            sets = sets[is_allowed]
        self._sets = [sets[:, place] for place in range(size)]
        self._pairs = [pairs[sets[:, i], sets[:, j]] for i, j in combinations(range(size), 2)]

    @property
    def sets(self) -> Ints | None:
        """Labels of each allowed set (down); None if not all sets are compared."""
        return np.array(self._sets).T if self._compared == self._labels else None

    @property
    def pair_weights(self) -> Floats:
        """Weight of each pair of labels."""
        return self._pair_weights

    @property
    def width(self) -> int:
        """Numbers that are held for each row."""
        return max(len(self._sets[0]), self._labels)

    def drawn(self, odds: Floats, must: Bools, debts: Floats, draws: Draws) -> tuple[Ints, Bools]:
        """Labels of each row's set (down), and a mask of the rows for which no set is left.

        Args:
            odds: Of each label (down) for each row (across); 0 = not in this row.
            must: Labels that the row must have.
            debts: Rows by which each pair of labels is behind its share.
            draws: Of the rows.
        """
        among = self._among(odds, must, draws)
        if among is not None:
            odds, must = np.take_along_axis(odds, among, axis=0), np.take_along_axis(must, among, axis=0)
        weight, found = self._product(odds), self._is_complete(must)
        if self._pairs:
            numbers = None if among is None else self._pairs_of(among)
            row = np.arange(odds.shape[1])
            of_pairs = self._pair_weights[:, None] if numbers is None else self._pair_weights[numbers]
            steps = np.rint(STEPS * (debts if numbers is None else debts[numbers, row])).astype(np.int32)
            behind = np.zeros(weight.shape, np.int32)
            for pairs in self._pairs:
                behind += steps[pairs]
                weight *= of_pairs[pairs]
            found &= weight > 0
            behind -= np.where(found, behind, NEVER).max(axis=0)
            weight = np.ldexp(weight, np.clip(behind, LEAST, 0))
        ends = np.cumsum(np.where(found, weight, 0.0), axis=0)
        place = (ends <= uniform(draws.keys, draws.places) * ends[-1]).sum(axis=0)
        return self._members(place, among), ends[-1] <= 0

    def most_urgent(self, urgency: Ints, may: Bools, must: Bools) -> tuple[Ints, Bools]:
        """As `drawn`, but the set of the most urgent labels, the first of which decides; without chance.

        Args:
            urgency: Of each label (down) for each row (across).
            may: Labels that the row may have.
            must: Labels that it must have.
        """
        among = None
        if self._compared < self._labels:
            first = np.lexsort((-urgency, ~may, ~must), axis=0)
            among = np.sort(first[: self._compared], axis=0)
            urgency, may, must = (np.take_along_axis(values, among, axis=0) for values in (urgency, may, must))
        rank = np.argsort(np.argsort(urgency, axis=0, kind="stable"), axis=0)
        score = np.where(may, 2.0**rank, 0.0)
        found, total = self._is_complete(must), np.zeros((len(self._sets[0]), score.shape[1]))
        for members in self._sets:
            own = score[members]
            total += own
            found &= own > 0
        if among is not None:
            of_pairs = self._pair_weights[self._pairs_of(among)]
            for pairs in self._pairs:
                found &= of_pairs[pairs] > 0
        place = np.where(found, total, -1.0).argmax(axis=0)
        lacks: Bools = np.logical_not(found.any(axis=0))
        return self._members(place, among), lacks

    def nearest(self, behind: Ints) -> list[int]:
        """Labels of the allowed set with the label that is furthest behind, then the next one, and so on."""
        order = np.argsort(-behind, kind="stable").tolist()
        return next(self._allowed((), order))

    def _allowed(self, chosen: tuple[int, ...], left: list[int]) -> Iterator[list[int]]:
        """Allowed sets with some labels, in the order of those that are left."""
        if len(chosen) == self._size:
            yield [*chosen]
        for place, label in enumerate(left):
            fits = [other for other in left[place + 1 :] if not self._is_excluded[label, other]]
            if len(chosen) + 1 + len(fits) >= self._size:
                yield from self._allowed((*chosen, label), fits)

    def pairs_of(self, members: Ints) -> list[Ints]:
        """Numbers of the pairs of labels in each row's set."""
        return [self._numbers[members[i], members[j]] for i, j in combinations(range(self._size), 2)]

    def _among(self, odds: Floats, must: Bools, draws: Draws) -> Ints | None:
        """The compared labels of each row, sorted: those that it must have, then others by lot; None for all."""
        if self._compared == self._labels:
            return None
        lots = uniform(derived_by(draws.keys, self._lot_names), draws.places)
        lot = np.where(must, np.inf, np.where(odds > 0, lots, 0.0))
        among: Ints = np.sort(np.argsort(-lot, axis=0, kind="stable")[: self._compared], axis=0)
        return among

    def _pairs_of(self, among: Ints) -> Ints:
        a, b = np.triu_indices(self._compared, 1)
        numbers: Ints = self._numbers[among[a], among[b]]
        return numbers

    def _product(self, odds: Floats) -> Floats:
        weight: Floats = odds[self._sets[0]]
        for members in self._sets[1:]:
            weight *= odds[members]
        return weight

    def _is_complete(self, must: Bools) -> Bools:
        """Whether each set has all labels that its row must have."""
        needed, has = must.sum(axis=0), must.astype(np.int8)
        count = has[self._sets[0]]
        for members in self._sets[1:]:
            count += has[members]
        found: Bools = count == needed
        return found

    def _members(self, place: Ints, among: Ints | None) -> Any:
        place = np.minimum(place, len(self._sets[0]) - 1)
        found = np.array([members[place] for members in self._sets])
        return found if among is None else np.take_along_axis(among, found, axis=0)
