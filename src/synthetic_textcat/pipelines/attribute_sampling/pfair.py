"""Pfair scheduling of labels: windows of the rows in which each label is due, for many sequences of rows.

The windows of a label are the rows in which a label's count may and must rise so that it stays within one of its share.
A label's expected count is a sum of probabilities; its count is that sum rounded down or up. So the k-th row of a label
comes after its expected count has passed k - 1, and before it passes k.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from synthetic_textcat.pipelines.attribute_sampling.streams import Bools, Floats, Ints

AHEAD = 12
"""Rows that are looked ahead."""

_RISES = 2  # a count that must rise in a row
_MEETS = 1  # one whose expected count becomes whole, after which all is even
_HIGHEST = 3 ** (AHEAD - 1)
_EVEN = (3**AHEAD - 1) // 2  # all digits are `_MEETS`


class SizedRows(NamedTuple):
    """Rows of all sequences with their sizes, of which pieces are looked at side by side.

    Attributes:
        sizes: Number of each row's size, flat.
        starts: Place of each sequence's first row.
        number: Number of sizes.
    """

    sizes: Ints
    starts: Ints
    number: int

    def window(self, first: Ints, start: int, end: int) -> Ints:
        """Sizes of the rows (down) from a start to an end, counted from the first row of each piece (across)."""
        found: Ints = self.sizes[first + np.arange(start, end)[:, None]]
        return found

    def sizes_before(self, first: Ints, starts: Ints) -> Ints:
        """Rows of each size (down) between the start of a sequence and the first row of a piece (across)."""
        before = np.empty((self.number, len(first)), np.int64)
        for number in range(self.number):
            sums = np.concatenate([[0], np.cumsum(self.sizes == number)])
            before[number] = sums[first] - sums[starts]
        return before


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
